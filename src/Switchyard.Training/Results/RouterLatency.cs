namespace Switchyard.Training.Results;

/// <summary>Time of router and selector of one layer in inference, T tokens at once: medians of passes that take turns with a linear router of the same sizes.</summary>
/// <param name="Tokens">T.</param>
/// <param name="MicrosecondsPerToken">Time ÷ T, in microseconds.</param>
/// <param name="LinearMicrosecondsPerToken">The same of the linear router beside it.</param>
public sealed record RouterLatency(int Tokens, double MicrosecondsPerToken, double LinearMicrosecondsPerToken)
{
    /// <summary>Time ÷ that of the linear router.</summary>
    public double Ratio => MicrosecondsPerToken / LinearMicrosecondsPerToken;
}

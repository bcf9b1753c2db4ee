namespace Switchyard.Experts;

/// <summary>Sizes of the experts of one layer.</summary>
public sealed record ExpertOptions
{
    /// <summary>Number of experts E.</summary>
    public required int Experts { get; init; }

    /// <summary>Hidden size d.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Inner size f.</summary>
    public required int InnerSize { get; init; }

    /// <summary>The non-linearity.</summary>
    public ExpertActivation Activation { get; init; } = ExpertActivation.SwiGlu;

    /// <summary>Whether both matrices have biases.</summary>
    public bool Bias { get; init; }
}

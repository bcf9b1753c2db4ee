using Switchyard.Metrics;

namespace Switchyard.Training.Profiles;

/// <summary>What is recorded of one domain, in memory that does not grow with its text.</summary>
/// <param name="orderTokens">First tokens whose order is kept.</param>
internal sealed class DomainRecorder(int orderTokens)
{
    /// <summary>What a recorder of a domain keeps; together they are merged into the recorder of the whole text.</summary>
    public static LoadRecorderOptions LoadOptions { get; } = new() { CoActivation = false };

    public LoadRecorder Load { get; } = new(LoadOptions);

    public RoutingTraceRecorder Order { get; } = new(orderTokens);

    public double LossSum { get; private set; }

    public long Targets { get; private set; }

    public long Tokens { get; private set; }

    public void Observe(RoutingObservation observation)
    {
        Load.Observe(observation);
        Order.Observe(observation);
    }

    public void Score(TextWindow window, WindowLoss loss)
    {
        LossSum += loss.Sum;
        Targets += loss.Targets;
        Tokens += window.Fresh;
    }
}

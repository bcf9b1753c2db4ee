using Switchyard.Models.Checkpoints;
using Switchyard.Training.Rerouting;

namespace Switchyard.Training.Characterizing;

/// <summary>Everything needed to repeat a characterisation of routers in a checkpoint: the <c>config.json</c> of its folder.</summary>
public sealed record CharacterizeConfig
{
    /// <summary>The word for every registered router that fits the model.</summary>
    public const string All = "all";

    /// <summary>Model, text to train on, start and budget, the same for each row; router, balancer and selector are the row's own.</summary>
    public required RerouteConfig Reroute { get; init; }

    /// <summary>Text that every row is judged by: a file or folder.</summary>
    public required string Judge { get; init; }

    /// <summary>Tokens of a window of that text; null for the model's longest sequence, at most 1,024.</summary>
    public int? JudgeContext { get; init; }

    /// <summary>The most tokens of it to read; null for all.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>Rows, each <c>ROUTER[+BALANCER][+SELECTOR]</c>; <see cref="All"/> for a row of every router that can be put into the model.</summary>
    public IReadOnlyList<string> Routers { get; init; } = [All];

    /// <summary>Balancers of the rows that name none; null for the router's own: <c>none</c>, and <c>lpr</c> for the router with a loss of its own.</summary>
    public string? Balance { get; init; }

    /// <summary>Experts that a dense model is given first; null for a model that has some.</summary>
    public UpcycleOptions? Upcycle { get; init; }

    /// <summary>Numbers of tokens T that router and selector are timed with.</summary>
    public IReadOnlyList<int> LatencyTokens { get; init; } = [1, 16, 128, 1024];

    /// <summary>Whether the run folder of each row stays, with its checkpoint.</summary>
    public bool KeepModels { get; init; }

    /// <summary>Checks what does not need the model.</summary>
    /// <exception cref="ConfigurationException">Something is out of range or does not fit.</exception>
    public void Validate()
    {
        Reroute.Validate();
        Require(Reroute.Start != RouterStart.Copy, "start is copy; routers of other kinds have no weights to copy: distill or fresh");
        Require(Routers.Count > 0, "no router is named");
        Require(MaxTokens is null or >= 2, $"maxTokens is {MaxTokens}; it must be at least 2");
        Require(LatencyTokens.Count > 0 && LatencyTokens.All(t => t > 0), "latencyTokens must name numbers of tokens from 1 on");
        if (Balance is not null)
        {
            _ = Balancing.Balancers.Parse(Balance);
        }
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
        {
            throw new ConfigurationException(message);
        }
    }
}

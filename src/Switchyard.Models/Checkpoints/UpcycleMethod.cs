namespace Switchyard.Models.Checkpoints;

/// <summary>How the FFN of a dense layer becomes experts.</summary>
public enum UpcycleMethod
{
    /// <summary>Each expert is a copy, so that any k experts whose weights sum to 1 compute what the FFN did (Komatsuzaki et al. 2022, arXiv 2212.05055).</summary>
    Copy,

    /// <summary>Each expert has its share of the inner neurons, so that all of them together compute what the FFN did.</summary>
    Split,
}

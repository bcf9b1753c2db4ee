using Switchyard.Models.Checkpoints;

namespace Switchyard.Models.Generation;

/// <summary>How a token is chosen from its logits. The parts apply in this order: repetition penalty, temperature, top-k, top-p, min-p.</summary>
public sealed record SamplingOptions
{
    /// <summary>Divides the logits; 0 takes the likeliest token (of equals the first).</summary>
    public double Temperature { get; init; }

    /// <summary>Draw among the k likeliest tokens; 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Draw among the fewest likeliest tokens that have this probability together; 1 for all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Draw among tokens that have at least this share of the likeliest one's probability; 0 for all.</summary>
    public double MinP { get; init; }

    /// <summary>Divides positive logits, and multiplies negative ones, of tokens that are in the text already; 1 for none.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Seed of the draws.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>What a model's <c>generation_config.json</c> asks for; the likeliest token where it does not ask for draws.</summary>
    public static SamplingOptions Of(GenerationConfiguration configuration) => new()
    {
        Temperature = configuration.Sample == true ? configuration.Temperature ?? 1 : 0,
        TopK = configuration.TopK ?? 0,
        TopP = configuration.TopP ?? 1,
        MinP = configuration.MinP ?? 0,
        RepetitionPenalty = configuration.RepetitionPenalty ?? 1,
    };

    /// <summary>Checks the values.</summary>
    /// <exception cref="ConfigurationException">A value is out of its range.</exception>
    public void Validate()
    {
        Require(Temperature >= 0 && double.IsFinite(Temperature), $"temperature is {Temperature}; it must be at least 0");
        Require(TopK >= 0, $"topK is {TopK}; it must be at least 0");
        Require(TopP is > 0 and <= 1, $"topP is {TopP}; it must lie in (0, 1]");
        Require(MinP is >= 0 and <= 1, $"minP is {MinP}; it must lie in [0, 1]");
        Require(RepetitionPenalty > 0 && double.IsFinite(RepetitionPenalty), $"repetitionPenalty is {RepetitionPenalty}; it must be positive");
    }

    private static void Require(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ConfigurationException(otherwise);
        }
    }
}

using Switchyard.Models.Files;

namespace Switchyard.Models.Checkpoints;

/// <summary>What a checkpoint's <c>generation_config.json</c> says of continuing a text; where that file is missing, the ids of <c>config.json</c>.</summary>
public sealed record GenerationConfiguration
{
    private const string GenerationFile = "generation_config.json";

    /// <summary>Ids that end a text; empty where none is known.</summary>
    public IReadOnlyList<int> EndTokens { get; init; } = [];

    /// <summary>Id that begins a text; null for none.</summary>
    public int? BeginToken { get; init; }

    /// <summary>Id that fills up; null for none.</summary>
    public int? PadToken { get; init; }

    /// <summary>Whether tokens are drawn by lot; otherwise the likeliest is taken. Null where the file does not say.</summary>
    public bool? Sample { get; init; }

    /// <summary>Divides the logits; null where the file does not say.</summary>
    public double? Temperature { get; init; }

    /// <summary>Tokens drawn from, the likeliest ones; 0 for all; null where the file does not say.</summary>
    public int? TopK { get; init; }

    /// <summary>Probability that the tokens drawn from make up together; null where the file does not say.</summary>
    public double? TopP { get; init; }

    /// <summary>Least probability of a token drawn from, as a share of the likeliest one's; null where the file does not say.</summary>
    public double? MinP { get; init; }

    /// <summary>Divides the positive logits, and multiplies the negative ones, of tokens that are there already; null where the file does not say.</summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>Reads it.</summary>
    /// <param name="folder">The folder of a model, or of a repository in a hub cache.</param>
    /// <exception cref="CheckpointFormatException">A file is no JSON, a value is of another kind or out of range, or there is no <c>config.json</c>.</exception>
    public static GenerationConfiguration Read(string folder)
    {
        folder = HubFolder.Resolve(folder);
        string path = Path.Combine(folder, GenerationFile);
        ConfigReader config = new(File.Exists(path) ? path : Path.Combine(folder, ModelWriter.ConfigFile));
        bool own = File.Exists(path);
        GenerationConfiguration result = new()
        {
            EndTokens = config.IntOrInts("eos_token_id"),
            BeginToken = Int("bos_token_id"),
            PadToken = Int("pad_token_id"),
            Sample = own && config.Has("do_sample") ? config.Bool("do_sample") : null,
            Temperature = Double("temperature"),
            TopK = own ? Int("top_k") : null,
            TopP = Double("top_p"),
            MinP = Double("min_p"),
            RepetitionPenalty = Double("repetition_penalty"),
        };
        config.Refuse(result.EndTokens.Any(t => t < 0), "eos_token_id is negative");
        config.Refuse(result.Temperature < 0, $"temperature is {result.Temperature}; it cannot be negative");
        config.Refuse(result.TopK < 0, $"top_k is {result.TopK}; it cannot be negative");
        config.Refuse(result.TopP is <= 0 or > 1, $"top_p is {result.TopP}; it lies in (0, 1]");
        config.Refuse(result.MinP is < 0 or > 1, $"min_p is {result.MinP}; it lies in [0, 1]");
        config.Refuse(result.RepetitionPenalty <= 0, $"repetition_penalty is {result.RepetitionPenalty}; it must be positive");
        return result;

        int? Int(string key) => config.Has(key) ? config.Int(key) : null;
        double? Double(string key) => own && config.Has(key) ? config.Double(key) : null;
    }
}

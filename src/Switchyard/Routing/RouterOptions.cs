using Switchyard.Routing.LatentPrototypes;

namespace Switchyard.Routing;

/// <summary>Sizes and settings of a router.</summary>
public sealed record RouterOptions
{
    /// <summary>Hidden size d.</summary>
    public required int HiddenSize { get; init => field = AtLeast(1, value, nameof(HiddenSize)); }

    /// <summary>Number of experts E.</summary>
    public required int Experts { get; init => field = AtLeast(1, value, nameof(Experts)); }

    /// <summary>Experts a token, k; used by routers that choose by themselves (hash, random) and by the losses of LPR.</summary>
    public required int TopK { get; init => field = AtLeast(1, value, nameof(TopK)); }

    /// <summary>Vocabulary size, needed by balanced hash routing; 0 where unknown.</summary>
    public int VocabularySize { get; init => field = AtLeast(0, value, nameof(VocabularySize)); }

    /// <summary>Index of the MoE layer in its model, mixed into hashes.</summary>
    public int Layer { get; init => field = AtLeast(0, value, nameof(Layer)); }

    /// <summary>Seed of hashes and random routing.</summary>
    public long Seed { get; init; }

    /// <summary>Whether the linear router has a bias.</summary>
    public bool Bias { get; init; }

    /// <summary>Key size r of attention and hybrid routers.</summary>
    public int KeySize { get; init => field = AtLeast(1, value, nameof(KeySize)); } = 64;

    /// <summary>Heads h of the attention router; the head scores are averaged.</summary>
    public int Heads { get; init => field = AtLeast(1, value, nameof(Heads)); } = 1;

    /// <summary>Hidden width m of MLP and MLP-Hadamard routers.</summary>
    public int HiddenWidth { get; init => field = AtLeast(1, value, nameof(HiddenWidth)); } = 128;

    /// <summary>What the hash router hashes, and how.</summary>
    public HashMode Hash { get; init; } = HashMode.Random;

    /// <summary>Settings of the latent prototype router.</summary>
    public LatentPrototypeOptions LatentPrototypes { get; init; } = new();

    /// <summary>Checks what no single property can: that the sizes fit together.</summary>
    /// <exception cref="ConfigurationException">More experts a token than there are, or keys that do not divide into heads.</exception>
    internal RouterOptions Checked()
    {
        if (TopK > Experts)
        {
            throw new ConfigurationException($"a router cannot choose {nameof(TopK)} = {TopK} of {nameof(Experts)} = {Experts} experts; choose at most {Experts}");
        }

        if (KeySize % Heads != 0)
        {
            throw new ConfigurationException($"{nameof(KeySize)} = {KeySize} does not divide into {nameof(Heads)} = {Heads} heads; choose a multiple of {Heads}");
        }

        return this;
    }

    private static int AtLeast(int least, int value, string name) =>
        value >= least ? value : throw new ConfigurationException($"router option {name} = {value}: at least {least} is needed");
}

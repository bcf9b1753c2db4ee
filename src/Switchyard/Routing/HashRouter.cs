using System.Numerics;
using static TorchSharp.torch;

namespace Switchyard.Routing;

/// <summary>Experts by a fixed hash, nothing learned: S is 0 at the k experts of a token and −∞ elsewhere, so that softmax gives weights 1/k.</summary>
/// <remarks>
/// <see cref="HashMode.Random"/> and <see cref="HashMode.Balanced"/> look the token id up in a table [V, k] made beforehand; ids are taken modulo its rows (65,536 where <see cref="RouterOptions.VocabularySize"/> is unknown). <see cref="HashMode.Lsh"/> looks up the sign bits of a random projection of x, at least two more than ⌈log₂ E⌉, in a table that spreads the bit patterns evenly. The scores carry no gradient.
/// <para>No parameters; buffers <c>table</c> [V, k] int32 and, for lsh, <c>projection</c> [bits, d]. Source: Roller et al. 2021, "Hash Layers", arXiv 2106.04426.</para>
/// </remarks>
public sealed class HashRouter : Router, IUsesTokenFrequencies
{
    private const int RowsOfUnknownVocabulary = 1 << 16;
    private readonly ulong _salt;

    /// <summary>Makes the table: for <see cref="HashMode.Balanced"/> with equal frequencies, until <see cref="SetFrequencies"/>.</summary>
    /// <exception cref="ConfigurationException">Balanced hashing of a vocabulary of unknown size.</exception>
    public HashRouter(RouterOptions options)
        : base("hash", options)
    {
        _salt = HashTable.Salt(options.Seed, options.Layer);
        switch (options.Hash)
        {
            case HashMode.Random:
                int rows = options.VocabularySize > 0 ? options.VocabularySize : RowsOfUnknownVocabulary;
                this.AddBuffer("table", AsTensor(HashTable.Random(rows, options.Experts, options.TopK, _salt)));
                break;
            case HashMode.Balanced when options.VocabularySize == 0:
                throw new ConfigurationException($"balanced hash routing fixes the experts of every token beforehand: set {nameof(RouterOptions.VocabularySize)}, or use the mode 'random'");
            case HashMode.Balanced:
                this.AddBuffer("table", Balanced(Equal(options.VocabularySize)));
                break;
            default:
                int bits = BitOperations.Log2((uint)options.Experts * 2 - 1) + 2;
                using (Generator generator = new((ulong)HashTable.Salt(options.Seed, options.Layer)))
                {
                    this.AddBuffer("projection", randn([bits, options.HiddenSize], ScalarType.Float32, generator: generator));
                }

                this.AddBuffer("table", Balanced(Equal(1 << bits)));
                break;
        }
    }

    /// <inheritdoc/>
    public bool WantsTokenFrequencies => Options.Hash == HashMode.Balanced;

    /// <summary>Makes the table of <see cref="HashMode.Balanced"/> anew from how often each token occurs.</summary>
    /// <param name="frequencies">Occurrences of each token id, [V].</param>
    /// <exception cref="ConfigurationException">Another mode, another length, or a negative number.</exception>
    public void SetFrequencies(ReadOnlySpan<long> frequencies)
    {
        if (Options.Hash != HashMode.Balanced || frequencies.Length != Options.VocabularySize || frequencies.ContainsAnyInRange(long.MinValue, -1))
        {
            throw new ConfigurationException(
                $"token frequencies are for hash routing in mode 'balanced' (this is '{Options.Hash.ToString().ToLowerInvariant()}'), one a token of the vocabulary of {Options.VocabularySize} (there are {frequencies.Length}), none negative");
        }

        using var scope = NewDisposeScope();
        using IDisposable quiet = no_grad();
        get_buffer("table")!.copy_(Balanced(frequencies));
    }

    /// <inheritdoc/>
    /// <exception cref="ConfigurationException">Token ids are needed and absent, or not one a token.</exception>
    public override RouterOutput Score(Tensor x, RoutingContext context)
    {
        using var scope = NewDisposeScope();
        using IDisposable quiet = no_grad();
        Tensor rows = Options.Hash == HashMode.Lsh ? SignBits(InRouterPrecision(x)) : TokenIds(x, context);
        return new RouterOutput(FixedChoice.Scores(this, rows, x).MoveToOuterDisposeScope());
    }

    private static long[] Equal(int rows) => [.. Enumerable.Repeat(1L, rows)];

    private static Tensor TokenIds(Tensor x, RoutingContext context) =>
        context.TokenIds is not { } ids
            ? throw new ConfigurationException("hash routing looks at token ids and got none: give them in the routing context, or use the hash mode 'lsh', which looks at hidden states")
            : ids.numel() != x.shape[0]
            ? throw new ConfigurationException($"hash routing got {ids.numel()} token ids for {x.shape[0]} tokens")
            : ids.flatten().to(x.device);

    private Tensor SignBits(Tensor x)
    {
        Tensor projection = get_buffer("projection")!.to(x.dtype);
        Tensor powers = pow(2, arange(Held(projection.shape[0]), ScalarType.Int64, x.device));
        return (nn.functional.linear(x, projection) > Held(0)).to(ScalarType.Int64).mul(powers).sum(1);
    }

    private Tensor Balanced(ReadOnlySpan<long> frequencies) =>
        AsTensor(HashTable.Balanced(frequencies, Options.Experts, Options.TopK, _salt));

    private Tensor AsTensor(int[] table) => tensor(table, [table.Length / Options.TopK, Options.TopK]);
}

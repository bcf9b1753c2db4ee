using Switchyard.Kernels.Activations;
using Switchyard.Kernels.Storage;
using static Switchyard.Kernels.FeedForward.Blocking;

namespace Switchyard.Kernels.FeedForward;

/// <summary>
/// Feed-forward networks of many groups over ragged rows, straight on the caller's memory, in fp32:
/// <code>
/// for each row r of group g, with its token t and weight w:    y[t] += w · (B_g · activation(A_g · x[t] + a_g) + b_g)
/// A_g: first [m, d]    B_g: second [d, f]    m = 2f with a gate (the gate's f rows, then the other f), else f
/// </code>
/// Nothing is permuted: the gather is part of packing the tokens, the activation and the weighted scatter follow each tile
/// while it is in the first cache, and weights are read where they lie. Each element of a result is summed by one thread in
/// one order (rows of a token by ascending group), so that the bits do not depend on the number of threads.
/// </summary>
/// <remarks>All pointers must stay valid, and what is written must not overlap what is read, until a call returns.</remarks>
public sealed unsafe partial class GroupedFeedForward
{
    /// <summary>Tokens T.</summary>
    public required int Tokens { get; init; }

    /// <summary>Values of a token, d.</summary>
    public required int Width { get; init; }

    /// <summary>Inner values, f.</summary>
    public required int Inner { get; init; }

    /// <summary>Groups G.</summary>
    public required int Groups { get; init; }

    /// <summary>Between the two products.</summary>
    public Activation Activation { get; init; } = Activation.SwiGlu;

    /// <summary>What the products of <see cref="Forward"/> multiply where a group has more than three rows (eight with fp32 and int16; sixteen of integers with <c>vpdpbusd</c>, unless this is fp32); with fewer, each weight is read once and multiplied in fp32, or if it is an integer and this is not fp32, as an integer with tokens in 16-bit integers. Int8 takes first matrices of integers by groups of columns, quantizes x by token and group, and multiplies h in bf16. <see cref="Backward"/> computes in fp32.</summary>
    public Arithmetic Arithmetic { get; init; }

    /// <summary>Tokens, [T, d].</summary>
    public required float* X { get; init; }

    /// <summary>First matrices in fp32, [G, m, d]; or null, and <see cref="StoredFirst"/> holds them.</summary>
    public float* First { get; init; }

    /// <summary>First matrices of any storage type, [m, d] each, G of them.</summary>
    public IReadOnlyList<StoredMatrix>? StoredFirst { get; init; }

    /// <summary>Biases of the first product, [G, m], or null.</summary>
    public float* FirstBias { get; init; }

    /// <summary>Second matrices in fp32, [G, d, f]; or null, and <see cref="StoredSecond"/> holds them.</summary>
    public float* Second { get; init; }

    /// <summary>Second matrices of any storage type, [d, f] each, G of them.</summary>
    public IReadOnlyList<StoredMatrix>? StoredSecond { get; init; }

    /// <summary>Biases of the second product, [G, d], or null.</summary>
    public float* SecondBias { get; init; }

    /// <summary>First row of each group, and R at the end: [G + 1], from 0, ascending.</summary>
    public required int* Offsets { get; init; }

    /// <summary>
    /// Rows that are computed for each group, [G], at least as many as it has; or null: as many. Those beyond its own are rows of
    /// zeros: they cost what a row costs, forward and backward, exist in no memory but that of the panels, and change no result.
    /// </summary>
    public int* Computed { get; init; }

    /// <summary>The token of each row, [R].</summary>
    public required long* RowToken { get; init; }

    /// <summary>Where the weight of each row stands in <see cref="Weights"/>, [R], or null: at the row's own index.</summary>
    public long* RowPair { get; init; }

    /// <summary>Weight of each row (or pair), or null: all are 1.</summary>
    public float* Weights { get; init; }

    /// <summary>Rows R.</summary>
    public int Rows => Offsets[Groups];

    /// <summary>Floats that <see cref="Forward"/> saves for <see cref="Backward"/> if asked to: the inner values before the activation.</summary>
    public long SavedLength => (long)PanelStarts()[^1] * FirstRows * Panels.Panel.Lanes;

    /// <summary>Rows of a first matrix, m.</summary>
    private int FirstRows => ActivationKernel.IsGated(Activation) ? 2 * Inner : Inner;

    private Panels.PanelEncoding FirstEncoding => new(Arithmetic, Arithmetic == Arithmetic.Int8 ? FirstBlocks.CommonGroup : 0);

    /// <summary>The inner values have few large entries among many small ones: 8 bits for them would take the error of a layer from 0.7 % to above 1 %.</summary>
    private Panels.PanelEncoding SecondEncoding => new(Arithmetic == Arithmetic.Int8 ? Arithmetic.Bf16 : Arithmetic, 0);

    /// <summary>Most rows of a group that are not packed.</summary>
    private int StreamedRows(KernelEngine engine) => Streams.StreamingProduct.MostTokens(Arithmetic, FirstBlocks.AreFourBytes(engine, Arithmetic) && SecondBlocks.AreFourBytes(engine, Arithmetic));

    private MatrixBlocks FirstBlocks => new(First, StoredFirst, FirstRows, Width);

    private MatrixBlocks SecondBlocks => new(Second, StoredSecond, Width, Inner);

    private int CountOf(int group) => Offsets[group + 1] - Offsets[group];

    private int ComputedOf(int group) => Computed == null ? CountOf(group) : Computed[group];

    /// <summary>Lanes of a panel that are computed.</summary>
    private int LanesOf(int group, int panel) => Math.Min(Panels.Panel.Lanes, ComputedOf(group) - (panel * Panels.Panel.Lanes));

    /// <summary>Lanes of a panel that hold a row; the other computed ones hold zeros.</summary>
    private int RowsOf(int group, int panel) => Math.Clamp(CountOf(group) - (panel * Panels.Panel.Lanes), 0, Panels.Panel.Lanes);

    private float WeightOf(int row) => Weights == null ? 1 : Weights[RowPair == null ? row : RowPair[row]];

    /// <summary>Index of the first panel of each group, and their number at the end, [G + 1].</summary>
    private int[] PanelStarts()
    {
        int[] starts = new int[Groups + 1];
        for (int g = 0; g < Groups; g++)
            starts[g + 1] = checked(starts[g] + Blocks(ComputedOf(g), Panels.Panel.Lanes));
        return starts;
    }

    /// <summary>Checks sizes and indices once, at the public edge.</summary>
    private void Validate()
    {
        Require(Tokens >= 0 && Width > 0 && Inner is > 0 and <= int.MaxValue / 2 && Groups >= 0, $"Sizes are T = {Tokens}, d = {Width}, f = {Inner}, G = {Groups}; expected T and G ≥ 0, d and f > 0.");
        Require(Offsets != null, "Offsets are missing.");
        Require(Offsets[0] == 0, $"Offsets start at {Offsets[0]}; expected 0.");
        for (int g = 0; g < Groups; g++)
        {
            if (CountOf(g) < 0)
                Require(false, $"Offsets fall from {Offsets[g]} to {Offsets[g + 1]} at group {g}.");
            if (ComputedOf(g) < CountOf(g))
                Require(false, $"Group {g} has {CountOf(g)} rows, of which {ComputedOf(g)} are to be computed.");
        }
        if (Rows == 0)
            return;
        Require(X != null && RowToken != null, "X or RowToken is missing.");
        ValidateMatrices(First, StoredFirst, FirstRows, Width, nameof(First));
        ValidateMatrices(Second, StoredSecond, Width, Inner, nameof(Second));
        if (Arithmetic == Arithmetic.Int8)
            Require(FirstBlocks.CommonGroup > 0, "Arithmetic in int8 needs first matrices of integers that share a scale by groups of a multiple of 32 columns.");
        for (int r = 0; r < Rows; r++)
        {
            if ((ulong)RowToken[r] >= (ulong)Tokens)
                Require(false, $"Row {r} names token {RowToken[r]}; there are {Tokens}.");
        }
    }

    private void ValidateMatrices(float* dense, IReadOnlyList<StoredMatrix>? stored, int rows, int columns, string name)
    {
        if (dense != null)
            return;
        Require(stored?.Count == Groups, $"{name} has {stored?.Count ?? 0} stored matrices; expected {Groups}.");
        for (int g = 0; g < Groups; g++)
        {
            if (stored![g].Rows != rows || stored[g].Columns != columns)
                Require(false, $"{name} {g} is [{stored[g].Rows}, {stored[g].Columns}]; expected [{rows}, {columns}].");
        }
    }

    private static void Require(bool condition, string message)
    {
        if (!condition)
            throw new InvalidOperationException(message);
    }
}

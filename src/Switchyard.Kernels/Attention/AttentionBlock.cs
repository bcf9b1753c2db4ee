using Switchyard.Kernels.Panels;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Attention;

/// <summary>Some keys × some queries. Queries stand in panels of 32 lanes; which keys a panel has is decided in whole tiles of keys.</summary>
/// <param name="FirstKey">Position of the first key.</param>
/// <param name="KeyCount">Keys.</param>
/// <param name="FirstQuery">Position of the first query, at or behind the first key.</param>
/// <param name="QueryCount">Queries.</param>
internal readonly record struct AttentionBlock(int FirstKey, int KeyCount, int FirstQuery, int QueryCount)
{
    /// <summary>Panels of queries.</summary>
    public int Panels => (QueryCount + Panel.Lanes - 1) / Panel.Lanes;

    /// <summary>Queries of a panel.</summary>
    public int LanesOf(int panel) => Math.Min(Panel.Lanes, QueryCount - (panel * Panel.Lanes));

    /// <summary>Keys of a panel: those up to its last query's, in whole tiles.</summary>
    public int KeysOf(int panel)
    {
        int seen = FirstQuery + ((panel + 1) * Panel.Lanes) - FirstKey;
        return Math.Min(KeyCount, (seen + TileKernels.MaxRows - 1) / TileKernels.MaxRows * TileKernels.MaxRows);
    }

    /// <summary>Makes the scores −∞ where the key comes after the query.</summary>
    /// <param name="panel">Panel of queries.</param>
    /// <param name="scores">[keys, 96].</param>
    public unsafe void Hide(int panel, float* scores)
    {
        int query = FirstQuery + (panel * Panel.Lanes) - FirstKey, keys = KeysOf(panel);
        for (int key = Math.Max(0, query + 1); key < keys; key++)
            new Span<float>(scores + ((nint)key * CausalAttention.QueryBlock) + (panel * Panel.Lanes), Math.Min(Panel.Lanes, key - query)).Fill(float.NegativeInfinity);
    }
}

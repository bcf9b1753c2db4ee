namespace Switchyard.Kernels.Tiles;

/// <summary>What a tile does with its sums.</summary>
internal enum TileOutput
{
    /// <summary>C = sum.</summary>
    Store = 0,

    /// <summary>C continues: the sum starts from what C holds, so that a sum cut along k has the bits of the uncut one.</summary>
    Continue = 1,

    /// <summary>C = sum, past the caches, for results too large to be read again soon. C and its stride are multiples of 64 bytes; the caller ends with a store fence.</summary>
    Stream = 2,
}

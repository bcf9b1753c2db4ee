using System.Runtime.InteropServices;

namespace Switchyard.Kernels.Streams;

/// <summary>What an assembled kernel of rows of integers is called with.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct RowArguments
{
    /// <summary>Codes of the first row.</summary>
    public byte* Codes;

    /// <summary>Bytes between the codes of rows.</summary>
    public nint CodePitch;

    /// <summary>Scales of the first row.</summary>
    public float* Scales;

    /// <summary>Bytes between the scales of rows.</summary>
    public nint ScalePitch;

    /// <summary>Rows, 1 or more.</summary>
    public nint Rows;

    /// <summary>The first token, as <see cref="StreamTokens"/> encodes it for such kernels.</summary>
    public float* Tokens;

    /// <summary>Bytes between tokens.</summary>
    public nint TokenStride;

    /// <summary>Times 256 columns.</summary>
    public nint Chunks;

    /// <summary>Base-2 logarithm of the chunks that share a scale, where groups are of 256 columns or more.</summary>
    public nint ChunkShift;

    /// <summary>Columns behind the last whole chunk.</summary>
    public nint Left;

    /// <summary>Which bytes of each 64 bytes of codes of the columns left are theirs; a chunk of nibbles has two times 64.</summary>
    public fixed ulong CodeMasks[4];

    /// <summary>Which scales of a chunk belong to the columns left.</summary>
    public ulong ScaleMask;

    /// <summary>Where the product of the first row with the first token goes; the next row's is behind it, the next token's <see cref="StreamingProduct.Rows"/> further.</summary>
    public float* Results;
}

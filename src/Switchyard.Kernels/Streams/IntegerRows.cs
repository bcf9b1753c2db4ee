namespace Switchyard.Kernels.Streams;

/// <summary>Rows of stored integers.</summary>
/// <param name="codes">Codes of the first row.</param>
/// <param name="codePitch">Bytes between rows.</param>
/// <param name="scales">Scales of the first row, [⌈K / 2^<paramref name="shift"/>⌉].</param>
/// <param name="scalePitch">Scales of a row.</param>
/// <param name="shift">Base-2 logarithm of the columns that share a scale, 5 or more.</param>
internal readonly unsafe struct IntegerRows(byte* codes, nint codePitch, float* scales, nint scalePitch, int shift)
{
    /// <summary>Base-2 logarithm of the columns that share a scale.</summary>
    public int Shift => shift;

    /// <summary>Bytes between rows of codes.</summary>
    public nint CodePitch => codePitch;

    /// <summary>Scales of a row.</summary>
    public nint ScalePitch => scalePitch;

    /// <summary>Codes of a row.</summary>
    public byte* Codes(int row) => codes + (row * codePitch);

    /// <summary>Scales of a row.</summary>
    public float* Scales(int row) => scales + (row * scalePitch);
}

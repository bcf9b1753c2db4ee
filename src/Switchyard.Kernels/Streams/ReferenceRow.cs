namespace Switchyard.Kernels.Streams;

/// <summary>What <see cref="RowKernels"/> compute, value by value: where the operating system allows no more executable pages, and to compare them with.</summary>
internal static unsafe class ReferenceRow
{
    /// <summary>The products of rows with tokens that are encoded for kernels.</summary>
    /// <param name="form">How the codes are stored.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="arguments">What a kernel would be called with.</param>
    /// <param name="together">Tokens.</param>
    public static void Multiply(IntegerForm form, IntegerRows rows, RowArguments* arguments, int together)
    {
        int zero = form == IntegerForm.Nibbles ? 8 : 128, length = ((int)arguments->Chunks * StreamTokens.Chunk) + (int)arguments->Left;
        for (int row = 0; row < arguments->Rows; row++)
        {
            byte* codes = rows.Codes(row);
            float* scales = rows.Scales(row);
            for (int token = 0; token < together; token++)
            {
                float sum = 0;
                for (int group = 0; group * StreamTokens.Group < length; group++)
                {
                    byte* chunk = (byte*)arguments->Tokens + (token * arguments->TokenStride) + (group / 8 * (nint)StreamTokens.BytesOfChunk);
                    sbyte* at = (sbyte*)chunk + StreamTokens.PlaceOf(group % 8);
                    int dot = 0;
                    for (int i = 0; i < StreamTokens.Group && (group * StreamTokens.Group) + i < length; i++)
                    {
                        int column = (group * StreamTokens.Group) + i;
                        int code = form == IntegerForm.Nibbles ? (codes[column / 2] >> (column % 2 * 4)) & 15 : codes[column] ^ 128;
                        int place = form == IntegerForm.Nibbles ? (i / 2) + (i % 2 * StreamTokens.Line) : (i % 16) + (i / 16 * StreamTokens.Line);
                        dot += (code - zero) * ((at[place] * 256) + at[place + (2 * StreamTokens.Line)]);
                    }
                    sum += dot * ((float*)(chunk + StreamTokens.ScalesAt))[group % 8] * scales[(group * StreamTokens.Group) >> rows.Shift];
                }
                arguments->Results[(token * StreamingProduct.Rows) + row] = sum;
            }
        }
    }
}

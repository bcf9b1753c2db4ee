using System.Numerics;
using Switchyard.Kernels.Assembly;

namespace Switchyard.Kernels.Streams;

/// <summary>The assembled products of rows of integers of one engine, where the processor multiplies four bytes at once; <see cref="IntegerRowProduct"/> is their twin in C#.</summary>
internal sealed unsafe class RowKernels : IDisposable
{
    /// <summary>Tokens that share what is read of a row.</summary>
    public const int MostTogether = 4;

    private const int SmallestShift = 5, Shifts = 4;

    private readonly CodeTable _code = new(2 * Shifts * MostTogether);
    private readonly bool _supported;

    public RowKernels(KernelOptions options) => _supported = ProcessorFeatures.Has(options.Effective, Arithmetic.Int8);

    /// <summary>Whether there are such kernels here. Tokens that were encoded for them before the operating system refused one are multiplied by <see cref="ReferenceRow"/>.</summary>
    public bool AreSupported => _supported && !_code.IsRefused;

    /// <summary>The products of rows with tokens that are encoded for such kernels.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="count">How many.</param>
    /// <param name="tokens">The tokens.</param>
    /// <param name="results">[tokens, <see cref="StreamingProduct.Rows"/>].</param>
    public void Multiply(IntegerRows rows, int count, in StreamTokens tokens, float* results)
    {
        IntegerForm form = tokens.Form;
        RowArguments arguments = ArgumentsOf(rows, count, tokens);
        for (int t = 0; t < tokens.Count; t += MostTogether)
        {
            int together = Math.Min(MostTogether, tokens.Count - t);
            arguments.Tokens = tokens.Encoded(t);
            arguments.Results = results + (t * StreamingProduct.Rows);
            nint entry = Entry(new RowShape(form, Math.Min(rows.Shift, SmallestShift + Shifts - 1), together));
            if (entry == 0)
                ReferenceRow.Multiply(form, rows, &arguments, together);
            else
                ((delegate* unmanaged[SuppressGCTransition]<RowArguments*, void>)entry)(&arguments);
        }
    }

    /// <summary>What a kernel is called with, but for the tokens and the results.</summary>
    internal static RowArguments ArgumentsOf(IntegerRows rows, int count, in StreamTokens tokens)
    {
        int left = tokens.Length % StreamTokens.Chunk, bytes = tokens.Form == IntegerForm.Nibbles ? left / 2 : left;
        RowArguments arguments = new()
        {
            Codes = rows.Codes(0),
            CodePitch = rows.CodePitch,
            Scales = rows.Scales(0),
            ScalePitch = rows.ScalePitch * sizeof(float),
            Rows = count,
            TokenStride = tokens.Stride,
            Chunks = tokens.Length / StreamTokens.Chunk,
            ChunkShift = Math.Max(0, rows.Shift - BitOperations.Log2(StreamTokens.Chunk)),
            Left = left,
            ScaleMask = Ones((left + (1 << rows.Shift) - 1) >> rows.Shift),
        };
        for (int i = 0; i < 4; i++)
            arguments.CodeMasks[i] = Ones(bytes - (i * 64));
        return arguments;
    }

    public void Dispose() => _code.Dispose();

    private static ulong Ones(int count) => count <= 0 ? 0 : count >= 64 ? ulong.MaxValue : (1ul << count) - 1;

    private nint Entry(RowShape shape) => _code.Entry(
        ((((shape.Form == IntegerForm.Nibbles ? 1 : 0) * Shifts) + shape.Shift - SmallestShift) * MostTogether) + shape.Tokens - 1, shape, IntegerRowGenerator.Generate);
}

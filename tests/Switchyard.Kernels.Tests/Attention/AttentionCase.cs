using Switchyard.Kernels.Attention;

namespace Switchyard.Kernels.Tests.Attention;

/// <summary>Attention over random heads between guard pages, its gradients, and the same in double precision.</summary>
/// <param name="Batch">B.</param>
/// <param name="Tokens">N.</param>
/// <param name="Heads">H.</param>
/// <param name="KeyHeads">G.</param>
/// <param name="HeadSize">D.</param>
/// <param name="ValueSize">D′.</param>
/// <param name="Spread">Largest absolute value of queries.</param>
internal sealed unsafe record AttentionCase(int Batch, int Tokens, int Heads, int KeyHeads, int HeadSize, int ValueSize, float Spread = 1)
{
    private const int Seed = 11;

    public static readonly string[] Names = ["output", "log-sums", "dQ", "dK", "dV"];

    private float Scale => 1 / MathF.Sqrt(HeadSize);

    private int QueryLength => Batch * Tokens * Heads * HeadSize;

    private int KeyLength => Batch * Tokens * KeyHeads * HeadSize;

    private int ValueLength => Batch * Tokens * KeyHeads * ValueSize;

    private int OutputLength => Batch * Tokens * Heads * ValueSize;

    /// <summary>O, L to the base 2, dQ, dK and dV.</summary>
    public float[][] Run(KernelEngine engine, bool atEnd = true)
    {
        using Inputs inputs = Draw(atEnd);
        using GuardedMemory o = new(OutputLength, atEnd), logs = new(Batch * Heads * Tokens, atEnd);
        using GuardedMemory dq = new(QueryLength, atEnd), dk = new(KeyLength, atEnd), dv = new(ValueLength, atEnd);
        var attention = new CausalAttention
        {
            Batch = Batch,
            Tokens = Tokens,
            Heads = Heads,
            KeyHeads = KeyHeads,
            HeadSize = HeadSize,
            ValueSize = ValueSize,
            Scale = Scale,
            Queries = Memory(inputs.Q, Heads, HeadSize),
            Keys = Memory(inputs.K, KeyHeads, HeadSize),
            Values = Memory(inputs.V, KeyHeads, ValueSize),
        };
        HeadMemory output = Memory(o, Heads, ValueSize);
        attention.Forward(engine, output, logs.Pointer);
        attention.Backward(engine, output, logs.Pointer, Memory(inputs.Slope, Heads, ValueSize), Memory(dq, Heads, HeadSize), Memory(dk, KeyHeads, HeadSize), Memory(dv, KeyHeads, ValueSize));
        return [o.Span.ToArray(), logs.Span.ToArray(), dq.Span.ToArray(), dk.Span.ToArray(), dv.Span.ToArray()];
    }

    /// <summary>The same by the formulas, in double precision.</summary>
    public double[][] Expected()
    {
        using Inputs inputs = Draw(atEnd: true);
        double[] o = new double[OutputLength], logs = new double[Batch * Heads * Tokens], dq = new double[QueryLength], dk = new double[KeyLength], dv = new double[ValueLength];
        double[] p = new double[Tokens];
        for (int row = 0; row < Batch * Heads * Tokens; row++)
        {
            int sequence = row / (Heads * Tokens), head = row / Tokens % Heads, query = row % Tokens, keyHead = head / (Heads / KeyHeads);
            int q = ((((sequence * Tokens) + query) * Heads) + head) * HeadSize, output = ((((sequence * Tokens) + query) * Heads) + head) * ValueSize;
            double sum = 0, dot = 0;
            for (int key = 0; key <= query; key++)
                sum += p[key] = Math.Exp(Scale * Dot(inputs.Q.Pointer + q, inputs.K.Pointer + KeyAt(sequence, key, keyHead, HeadSize), HeadSize));
            logs[row] = Math.Log2(sum);
            for (int key = 0; key <= query; key++)
            {
                p[key] /= sum;
                for (int i = 0; i < ValueSize; i++)
                {
                    o[output + i] += p[key] * inputs.V.Pointer[KeyAt(sequence, key, keyHead, ValueSize) + i];
                    dv[KeyAt(sequence, key, keyHead, ValueSize) + i] += p[key] * inputs.Slope.Pointer[output + i];
                }
            }
            for (int i = 0; i < ValueSize; i++)
                dot += o[output + i] * inputs.Slope.Pointer[output + i];
            for (int key = 0; key <= query; key++)
            {
                int k = KeyAt(sequence, key, keyHead, HeadSize);
                double slope = Scale * p[key] * (Dot(inputs.Slope.Pointer + output, inputs.V.Pointer + KeyAt(sequence, key, keyHead, ValueSize), ValueSize) - dot);
                for (int i = 0; i < HeadSize; i++)
                {
                    dq[q + i] += slope * inputs.K.Pointer[k + i];
                    dk[k + i] += slope * inputs.Q.Pointer[q + i];
                }
            }
        }
        return [o, logs, dq, dk, dv];
    }

    private int KeyAt(int sequence, int key, int head, int size) => ((((sequence * Tokens) + key) * KeyHeads) + head) * size;

    private HeadMemory Memory(GuardedMemory memory, int heads, int size) => new(memory.Pointer, Tokens, heads, size);

    private Inputs Draw(bool atEnd)
    {
        Random random = new(Seed);
        return new Inputs(
            GuardedMemory.Random(random, QueryLength, Spread, atEnd),
            GuardedMemory.Random(random, KeyLength, 1, atEnd),
            GuardedMemory.Random(random, ValueLength, 1, atEnd),
            GuardedMemory.Random(random, OutputLength, 1, atEnd));
    }

    private static double Dot(float* a, float* b, int size)
    {
        double sum = 0;
        for (int i = 0; i < size; i++)
            sum += (double)a[i] * b[i];
        return sum;
    }

    private sealed record Inputs(GuardedMemory Q, GuardedMemory K, GuardedMemory V, GuardedMemory Slope) : IDisposable
    {
        public void Dispose()
        {
            Q.Dispose();
            K.Dispose();
            V.Dispose();
            Slope.Dispose();
        }
    }
}

using System.Runtime.InteropServices;
using Switchyard.Models.Files;
using Switchyard.Peers.Weights;

namespace Switchyard.Peers.Models;

/// <summary>A matrix of random 4-bit integers [rows, columns] as AutoGPTQ lays it out: eight of a column to a word, zeros of 8, scales in fp16 by group of columns.</summary>
internal static class GptqMatrixSource
{
    /// <summary>How the names of matrices end that are stored so.</summary>
    public const string Suffix = "_proj.weight";

    /// <summary>What <c>config.json</c> says of it.</summary>
    public const string Configuration = """

          "quantization_config": { "quant_method": "gptq", "bits": 4, "group_size": 128, "sym": true, "desc_act": false, "checkpoint_format": "gptq" },
        """;

    private const int Each = 8, Group = 128;

    /// <summary>A zero of 8 is stored as 7.</summary>
    private const int Zeros = 0x77777777;

    /// <summary>Deviation of the integers −8 to 7, all equally likely.</summary>
    private static readonly float CodeDeviation = MathF.Sqrt(255 / 12f);

    /// <summary>Its four tensors.</summary>
    /// <param name="name">Name of the matrix.</param>
    /// <param name="rows">Outputs; a multiple of 8.</param>
    /// <param name="columns">Inputs; a multiple of 128.</param>
    /// <param name="deviation">Standard deviation of the weights.</param>
    /// <param name="seed">Seed of the model.</param>
    public static IEnumerable<SafetensorsSource> Of(string name, int rows, int columns, float deviation, int seed)
    {
        string stem = name[..^".weight".Length];
        yield return new SafetensorsSource($"{stem}.qweight", SafetensorsType.I32, [columns / Each, rows], stream =>
        {
            RandomNumbers random = new(RandomNumbers.SeedOf(name, seed));
            ulong[] words = new ulong[rows / 2];
            for (int k = 0; k < columns / Each; k++)
            {
                foreach (ref ulong word in words.AsSpan())
                {
                    word = random.Next();
                }

                stream.Write(MemoryMarshal.AsBytes<ulong>(words));
            }
        });
        yield return Repeated($"{stem}.qzeros", SafetensorsType.I32, [columns / Group, rows / Each], Zeros);
        yield return Repeated($"{stem}.scales", SafetensorsType.F16, [columns / Group, rows], (Half)(deviation / CodeDeviation));
        yield return new SafetensorsSource($"{stem}.g_idx", SafetensorsType.I32, [columns], stream =>
            stream.Write(MemoryMarshal.AsBytes<int>([.. Enumerable.Range(0, columns).Select(k => k / Group)])));
    }

    private static SafetensorsSource Repeated<T>(string name, SafetensorsType type, long[] shape, T value)
        where T : unmanaged => new(name, type, shape, stream =>
        {
            T[] values = new T[shape[0] * shape[1]];
            Array.Fill(values, value);
            stream.Write(MemoryMarshal.AsBytes<T>(values));
        });
}

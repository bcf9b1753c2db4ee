using Iced.Intel;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels.Assembly;

/// <summary>The instructions of assembled kernels, for people to read.</summary>
public static class TileListing
{
    /// <summary>The kernel that multiplies rows of weights, as they lie in a matrix, with a panel of tokens.</summary>
    /// <param name="set">Instructions to use.</param>
    /// <param name="rows">Rows of the tile, 1 to 12 with AVX-512, 1 to 6 with AVX2.</param>
    /// <param name="lanes">Tokens of the tile: 16 or 32 with AVX-512, 8 or 16 with AVX2.</param>
    /// <returns>One line an instruction: offset, bytes, text.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such tile.</exception>
    public static IEnumerable<string> Lines(InstructionSet set, int rows, int lanes)
    {
        int width = set switch
        {
            InstructionSet.Avx512 => 16,
            InstructionSet.Avx2 => 8,
            _ => throw new ArgumentOutOfRangeException(nameof(set), set, "The portable kernels are C#, not assembled."),
        };
        int most = set == InstructionSet.Avx512 ? TileKernels.MaxRows : TileKernels.MaxRows / 2;
        if (rows < 1 || rows > most)
            throw new ArgumentOutOfRangeException(nameof(rows), rows, $"A tile of {set} has 1 to {most} rows.");
        if (lanes != width && lanes != 2 * width)
            throw new ArgumentOutOfRangeException(nameof(lanes), lanes, $"A tile of {set} has {width} or {2 * width} lanes.");
        byte[] code = TileGenerator.Generate(new TileShape(set, rows, lanes / width, TileOperand.Rows, TileOutput.Store));
        return Format(code);
    }

    private static IEnumerable<string> Format(byte[] code)
    {
        var decoder = Decoder.Create(64, code);
        var formatter = new NasmFormatter();
        var output = new StringOutput();
        while (decoder.IP < (ulong)code.Length)
        {
            Instruction instruction = decoder.Decode();
            formatter.Format(instruction, output);
            string bytes = Convert.ToHexString(code, (int)instruction.IP, instruction.Length);
            yield return $"{instruction.IP:x4}  {bytes,-22}  {output.ToStringAndReset()}";
        }
    }
}

using System.Text;
using Switchyard.Models.Files;

namespace Switchyard.Fuzz.Targets;

/// <summary>A small safetensors file: bits flipped, bytes removed and added, pieces put into the header, whose stated length follows.</summary>
internal sealed class SafetensorsTarget : FuzzTarget
{
    private static readonly string[] Splices = ["{", "}", "[", "]", "\"", ",", ":", "0", "-1", "1e9", "9223372036854775807", "18446744073709551616", "null", "\\u0061", "\\ud800", "F64", "__metadata__", "data_offsets", " ", "\0", "\u00FF"];
    private readonly byte[] _valid;
    private readonly string _path;

    public SafetensorsTarget(string folder)
    {
        _path = Path.Combine(folder, "test.safetensors");
        byte[] header = Encoding.Latin1.GetBytes("""{"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"c":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}""");
        _valid = [.. BitConverter.GetBytes((long)header.Length), .. header, .. new byte[11]];
    }

    public override byte[] Mutated(Random random)
    {
        List<byte> bytes = [.. _valid];
        for (int change = random.Next(1, 4); change > 0; change--)
        {
            Mutate(bytes, random);
        }

        return [.. bytes];
    }

    protected override void Read(byte[] file)
    {
        File.WriteAllBytes(_path, file);
        using SafetensorsFile opened = SafetensorsFile.Open(_path);
        foreach (string name in opened.Entries.Keys)
        {
            // All bytes are touched: those of a tensor must be in the file.
            long sum = 0;
            foreach (byte b in opened.Bytes(name))
            {
                sum += b;
            }

            if (sum < 0)
            {
                throw new InvalidOperationException("bytes have no sign");
            }
        }
    }

    private static void Mutate(List<byte> bytes, Random random)
    {
        int at = random.Next(bytes.Count + 1);
        int header = random.Next(8, Math.Max(9, Math.Min(bytes.Count, 140)));
        switch (random.Next(6))
        {
            case 0 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when at < bytes.Count:
                bytes.RemoveRange(at, random.Next(1, Math.Min(20, bytes.Count - at) + 1));
                break;
            case 2:
                bytes.InsertRange(at, new byte[random.Next(1, 20)]);
                break;
            case 3 when header <= bytes.Count && bytes.Count > 8:
                byte[] splice = Encoding.Latin1.GetBytes(Splices[random.Next(Splices.Length)]);
                bytes.InsertRange(header, splice);
                bytes[0] = (byte)(bytes[0] + splice.Length);
                break;
            case 4 when header < bytes.Count && bytes.Count > 8:
                bytes[header] = (byte)Splices[random.Next(Splices.Length)][0];
                break;
            default:
                if (at + 10 < bytes.Count)
                {
                    bytes.AddRange(bytes.GetRange(at, 10));
                }

                break;
        }
    }
}

using System.Text;
using Switchyard.Models.Files;

namespace Switchyard.Models.Tests.Files;

public sealed class SafetensorsFuzzTests
{
    private static readonly string[] Splices = ["{", "}", "[", "]", "\"", ",", ":", "0", "-1", "1e9", "9223372036854775807", "18446744073709551616", "null", "\\u0061", "\\ud800", "F64", "__metadata__", "data_offsets", " ", "\0", "\u00FF"];

    [Fact]
    public void A_mutated_file_is_read_or_refused_and_nothing_else()
    {
        using var folder = new TemporaryFolder();
        byte[] header = Encoding.Latin1.GetBytes("""{"__metadata__":{"k":"v"},"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"c":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}""");
        byte[] valid = [.. BitConverter.GetBytes((long)header.Length), .. header, .. new byte[11]];
        var random = new Random(20240607);
        int read = 0;
        int refused = 0;
        for (int round = 0; round < 1500; round++)
        {
            List<byte> bytes = [.. valid];
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                Mutate(bytes, random);
            }

            string path = folder.Write([.. bytes]);
            try
            {
                using SafetensorsFile file = SafetensorsFile.Open(path);
                foreach (string name in file.Entries.Keys)
                {
                    int sum = 0;
                    foreach (byte b in file.Bytes(name))
                    {
                        sum += b;
                    }

                    Assert.True(sum >= 0);
                }

                read++;
            }
            catch (CheckpointFormatException e)
            {
                Assert.NotEmpty(e.Reason);
                refused++;
            }
        }

        Assert.True(read > 10 && refused > 500, $"{read} read, {refused} refused: the mutations miss one side");
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
                // A splice into the header, whose stated length follows.
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

using System.Text;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using Switchyard.Models.Tests.Files;

namespace Switchyard.Models.Tests.Checkpoints;

/// <summary>Mutations of a checkpoint's JSON files: each is read or refused with a reason, and nothing else happens.</summary>
public sealed class CheckpointFuzzTests : IDisposable
{
    private const int Rounds = 400;
    private static readonly string[] Splices = ["{", "}", "[", "]", "\"", ",", ":", "0", "-1", "1e9", "2147483647", "1e999", "null", "true", "\\ud800", "[[]]", "{}", "..", "/", "\0", "\u00FF", "\"x\"", "0.5"];
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("config.json", 1)]
    [InlineData("generation_config.json", 2)]
    [InlineData("model.safetensors.index.json", 3)]
    public void A_mutated_file_is_read_or_refused_and_nothing_else(string file, int seed)
    {
        using MoeTransformer model = new(KeyValueCacheTests.Options(latent: false));
        model.Save(_folder["model"]);
        string folder = _folder["model"];
        File.Move(Path.Combine(folder, "model.safetensors"), Path.Combine(folder, "a.safetensors"));
        using (SafetensorsFile weights = SafetensorsFile.Open(Path.Combine(folder, "a.safetensors")))
        {
            string map = string.Join(',', weights.Entries.Keys.Select(n => $"\"{n}\":\"a.safetensors\""));
            string metadata = "{\"note\":\"" + new string('a', map.Length) + "\"}";
            File.WriteAllText(Path.Combine(folder, "model.safetensors.index.json"), "{\"metadata\":" + metadata + ",\"weight_map\":{" + map + "}}");
        }

        File.WriteAllText(Path.Combine(folder, "generation_config.json"), """{"eos_token_id":[2,3],"do_sample":true,"temperature":0.7,"top_k":5,"top_p":0.9}""");
        byte[] valid = File.ReadAllBytes(Path.Combine(folder, file));
        Random random = new(seed);
        int read = 0, refused = 0;
        for (int round = 0; round < Rounds; round++)
        {
            File.WriteAllBytes(Path.Combine(folder, file), Mutated(valid, random));
            try
            {
                GenerationConfiguration.Read(folder);
                CheckpointDescription.Of(folder);
                MoeTransformer.Load(folder).Dispose();
                read++;
            }
            catch (CheckpointFormatException e)
            {
                Assert.NotEmpty(e.Reason);
                refused++;
            }
        }

        Assert.True(read > 5 && refused > 20, $"{read} read, {refused} refused: the mutations miss one side");
    }

    public void Dispose() => _folder.Dispose();

    private static byte[] Mutated(byte[] valid, Random random)
    {
        List<byte> bytes = [.. valid];
        for (int change = random.Next(1, 3); change > 0; change--)
        {
            int at = random.Next(bytes.Count);
            byte[] splice = Encoding.Latin1.GetBytes(Splices[random.Next(Splices.Length)]);
            switch (random.Next(5))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 20), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, splice);
                    break;
                case 3:
                    // A value is replaced, so that the file stays JSON more often than not.
                    int colon = bytes.IndexOf((byte)':', at);
                    int end = colon < 0 ? -1 : bytes.FindIndex(colon, b => b is (byte)',' or (byte)'}');
                    if (end > 0)
                    {
                        bytes.RemoveRange(colon + 1, end - colon - 1);
                        bytes.InsertRange(colon + 1, splice);
                    }

                    break;
                default:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(12, bytes.Count - at)));
                    break;
            }

            if (bytes.Count == 0)
            {
                break;
            }
        }

        return [.. bytes];
    }
}

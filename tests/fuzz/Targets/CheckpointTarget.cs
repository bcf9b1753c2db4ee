using System.Text;
using Switchyard.Models;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;

namespace Switchyard.Fuzz.Targets;

/// <summary>One of the JSON files of a small checkpoint of two files: bits flipped, pieces removed, doubled and put in, values replaced.</summary>
internal sealed class CheckpointTarget : FuzzTarget
{
    private static readonly string[] Splices = ["{", "}", "[", "]", "\"", ",", ":", "0", "-1", "1e9", "2147483647", "1e999", "null", "true", "\\ud800", "[[]]", "{}", "..", "/", "\0", "\u00FF", "\"x\"", "0.5"];
    private readonly string _folder, _path;
    private readonly byte[] _valid;

    /// <summary>Of a model of ours.</summary>
    public CheckpointTarget(string folder, string file)
    {
        _folder = Path.Combine(folder, "model");
        using (MoeTransformer model = new(new MoeTransformerOptions { VocabularySize = 32, HiddenSize = 16, Layers = 2, Heads = 2, KeyValueHeads = 1, HeadSize = 8, Experts = 4, TopK = 2, InnerSize = 8, SequenceLength = 16 }))
        {
            model.Save(_folder);
        }

        File.Move(Path.Combine(_folder, "model.safetensors"), Path.Combine(_folder, "a.safetensors"));
        using (SafetensorsFile weights = SafetensorsFile.Open(Path.Combine(_folder, "a.safetensors")))
        {
            string map = string.Join(',', weights.Entries.Keys.Select(n => $"\"{n}\":\"a.safetensors\""));
            string metadata = "{\"note\":\"" + new string('a', map.Length) + "\"}";
            File.WriteAllText(Path.Combine(_folder, "model.safetensors.index.json"), "{\"metadata\":" + metadata + ",\"weight_map\":{" + map + "}}");
        }

        File.WriteAllText(Path.Combine(_folder, "generation_config.json"), """{"eos_token_id":[2,3],"do_sample":true,"temperature":0.7,"top_k":5,"top_p":0.9}""");
        _path = Path.Combine(_folder, file);
        _valid = File.ReadAllBytes(_path);
    }

    /// <summary>Of one of the reference models, <c>tests/golden/models</c>.</summary>
    public CheckpointTarget(string folder, string file, string reference)
    {
        _folder = Path.Combine(folder, "model");
        Directory.CreateDirectory(_folder);
        foreach (string source in Directory.EnumerateFiles(Path.Combine(References(), reference)).Where(f => Path.GetFileName(f) is not "golden.safetensors"))
        {
            File.WriteAllBytes(Path.Combine(_folder, Path.GetFileName(source)), File.ReadAllBytes(source));
        }

        _path = Path.Combine(_folder, file);
        _valid = File.ReadAllBytes(_path);
    }

    public override byte[] Mutated(Random random)
    {
        List<byte> bytes = [.. _valid];
        for (int change = random.Next(1, 3); change > 0 && bytes.Count > 0; change--)
        {
            Mutate(bytes, random);
        }

        return [.. bytes];
    }

    protected override void Read(byte[] file)
    {
        File.WriteAllBytes(_path, file);
        GenerationConfiguration.Read(_folder);
        CheckpointDescription.Of(_folder);
        MoeTransformer.Load(_folder).Dispose();
    }

    private static string References()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string path = Path.Combine(at.FullName, "tests", "golden", "models");
            if (Directory.Exists(path))
            {
                return path;
            }
        }

        throw new DirectoryNotFoundException("tests/golden/models is in no folder above the program");
    }

    private static void Mutate(List<byte> bytes, Random random)
    {
        int at = random.Next(bytes.Count);
        byte[] splice = Encoding.Latin1.GetBytes(Splices[random.Next(Splices.Length)]);
        switch (random.Next(6))
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
            case 4:
                // A key stands twice.
                int comma = bytes.IndexOf((byte)',', at);
                int next = comma < 0 ? -1 : bytes.IndexOf((byte)',', comma + 1);
                if (next > 0)
                {
                    bytes.InsertRange(comma, bytes.GetRange(comma, next - comma));
                }

                break;
            default:
                bytes.InsertRange(at, bytes.GetRange(at, Math.Min(12, bytes.Count - at)));
                break;
        }
    }
}

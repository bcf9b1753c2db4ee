using Switchyard.Training.Configuration;
using Switchyard.Training.Corpora;

namespace Switchyard.Training.Tests.Trainers;

/// <summary>A small text on disk and a tiny model, for tests that train.</summary>
internal sealed class TinyText : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-test-").FullName;

    public TinyText(int lines = 400)
    {
        Random random = new(1);
        string[] words = ["router", "expert", "token", "load", "gate", "price", "batch", "top", "sends", "to", "the", "a", "few", "of", "many"];
        Directory.CreateDirectory(Path.Combine(_folder, "text"));
        foreach (string domain in new[] { "one", "two" })
        {
            Directory.CreateDirectory(Path.Combine(_folder, "text", domain));
            for (int i = 0; i < 40; i++)
            {
                IEnumerable<string> text = Enumerable.Range(0, lines / 40).Select(_ => string.Join(' ', Enumerable.Range(0, 8).Select(_ => words[random.Next(words.Length)])) + ".");
                File.WriteAllText(Path.Combine(_folder, "text", domain, $"{i}.txt"), $"{domain} {i}\n{string.Join('\n', text)}");
            }
        }

        Packed = PackedCorpus.Build(Corpus.Open(Path.Combine(_folder, "text")), Path.Combine(_folder, "packed"), new CorpusSplit { HeldOutShare = 0.2 });
    }

    public PackedCorpus Packed { get; }

    public string Folder(string name) => Path.Combine(_folder, name);

    public static RunConfig Config(int steps = 6) => new()
    {
        Name = "tiny",
        Model = new ModelConfig { HiddenSize = 16, Layers = 2, Heads = 2, Experts = 4, TopK = 2, InnerSize = 8, SequenceLength = 16 },
        Training = new TrainingOptions { Steps = steps, BatchSequences = 4, LearningRate = 1e-2, LogEvery = 2, EvaluateTokens = 256 },
    };

    public void Dispose()
    {
        Packed.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}

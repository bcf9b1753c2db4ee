using System.Text.Json;
using Switchyard.Models;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Corpora;
using Switchyard.Training.Profiles;
using Switchyard.Training.Results;
using Switchyard.Training.Tokens;

namespace Switchyard.Training.Tests.Profiles;

/// <summary>Perplexity and load tables that other software computed, of every golden model that has them.</summary>
public sealed class GoldenProfileTests
{
    public static TheoryData<string, string, int> Runs()
    {
        TheoryData<string, string, int> runs = [];
        foreach (string folder in Golden.Folders("models").Where(f => File.Exists(Path.Combine(Golden.Folder(f)!, "golden.json"))))
        {
            foreach (JsonProperty text in Read(folder).GetProperty("texts").EnumerateObject())
            {
                for (int i = 0; i < text.Value.GetProperty("runs").GetArrayLength(); i++)
                {
                    runs.Add(folder, text.Name, i);
                }
            }
        }

        if (runs.Count == 0)
        {
            runs.Add(string.Empty, string.Empty, 0);
        }

        return runs;
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Perplexity_and_loads_of_a_trained_model_are_those_of_other_software(string folder, string text, int index)
    {
        Assert.SkipWhen(folder.Length == 0, "no model with a golden.json found");
        JsonElement recorded = Read(folder).GetProperty("texts").GetProperty(text);
        JsonElement run = recorded.GetProperty("runs")[index];
        string? path = TextPath(folder, recorded.GetProperty("file").GetString()!);
        Assert.SkipWhen(path is null, $"no text '{recorded.GetProperty("file").GetString()}' found");
        using TextTokenizer tokenizer = TextTokenizer.Load(Golden.Folder(folder)!);
        using MoeTransformer model = MoeTransformer.Load(Golden.Folder(folder)!);
        ProfileResult result = Profiler.Run(
            model,
            new ProfileRequest
            {
                ModelPath = folder,
                Tokenizer = tokenizer,
                Corpus = Corpus.Open(path),
                Text = TextOptions.For(model.Options.SequenceLength, run.GetProperty("context").GetInt32(), run.GetProperty("stride").GetInt32(), recorded.GetProperty("maxTokens").GetInt64()),
                OrderTokens = 1024,
            },
            TinyModel.Machine,
            cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(run.GetProperty("targets").GetInt64(), result.Targets);
        Assert.InRange(result.Perplexity / run.GetProperty("perplexity").GetDouble(), 0.999, 1.001);
        Assert.Equal(
            run.GetProperty("load").EnumerateArray().Select(l => l.EnumerateArray().Select(n => n.GetInt64()).ToArray()),
            result.Layers.Select(l => l.Load.ToArray()));
    }

    public static TheoryData<string, string> Texts() => [.. Runs().Select(r => (r.Data.Item1, r.Data.Item2)).Distinct()];

    [Theory]
    [MemberData(nameof(Texts))]
    public void The_tokenizer_of_a_trained_model_gives_the_recorded_ids(string folder, string text)
    {
        Assert.SkipWhen(folder.Length == 0, "no model with a golden.json found");
        JsonElement recorded = Read(folder).GetProperty("texts").GetProperty(text);
        string? path = TextPath(folder, recorded.GetProperty("file").GetString()!);
        Assert.SkipWhen(path is null, $"no text '{recorded.GetProperty("file").GetString()}' found");
        using TextTokenizer tokenizer = TextTokenizer.Load(Golden.Folder(folder)!);
        IEnumerable<int> ids = TextDocuments.Read(Corpus.Open(path), TestContext.Current.CancellationToken).SelectMany(d => StreamedTokens.Of(t => tokenizer.Encode(t, addSpecial: false), d.Pieces)).SelectMany(p => p);
        int[] all = [.. ids];
        Assert.Equal(recorded.GetProperty("allTokens").GetInt32(), all.Length);
        Assert.Equal(recorded.GetProperty("firstIds").EnumerateArray().Select(i => i.GetInt32()), all.Take(recorded.GetProperty("firstIds").GetArrayLength()));
    }

    private static JsonElement Read(string folder) =>
        JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(Path.Combine(Golden.Folder(folder)!, "golden.json")));

    /// <summary>The texts lie in <c>data</c> beside the golden numbers.</summary>
    private static string? TextPath(string folder, string file)
    {
        string path = Path.Combine(Golden.Folder(folder)!, "..", "..", "..", "data", file);
        return File.Exists(path) ? path : null;
    }
}

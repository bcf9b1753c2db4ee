using System.Text.Json.Nodes;

namespace Switchyard.Cli.Tests;

/// <summary>A folder with a configuration of a tiny model and a text to train it on.</summary>
internal sealed class TinyRun : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-cli-").FullName;

    public TinyRun(int steps = 4, int checkpointEvery = 0)
    {
        Config = Write("c.json", $$"""
            { "name": "tiny", "model": { "hiddenSize": 16, "layers": 1, "heads": 2, "experts": 4, "topK": 2, "innerSize": 8, "sequenceLength": 16 },
              "training": { "steps": {{steps}}, "batchSequences": 4, "logEvery": 1, "evaluateTokens": 128, "checkpointEvery": {{checkpointEvery}} }, "heldOutShare": 0.2 }
            """);

        // Many short documents, so that some are held out.
        Text = Write("text.jsonl", string.Concat(Enumerable.Range(0, 300).Select(i => $$"""{"text":"line {{i}} of a text that is long enough to train on, more or less","domain":"{{i % 2}}"}""" + "\n")));
    }

    public string Config { get; }

    public string Text { get; }

    public string At(string name) => Path.Combine(_folder, name);

    public string Write(string name, string content)
    {
        File.WriteAllText(At(name), content);
        return At(name);
    }

    /// <summary>The arguments of a verb that trains into a folder.</summary>
    public string[] Training(string verb, string output, params string[] more) => [verb, "--config", Config, "--corpus", Text, "--output", output, "--threads", "1", .. more];

    /// <summary>Trains a run.</summary>
    public string Trained(string name)
    {
        CommandRun run = CommandRun.Of(Training("train", At(name), "--quiet"));
        Assert.True(run.ExitCode == 0, run.Error);
        return At(name);
    }

    /// <summary>Changes settings of training in the <c>config.json</c> of a run's folder; the configuration as it is then.</summary>
    public static JsonNode SetTraining(string folder, params (string Key, double Value)[] settings)
    {
        string path = Path.Combine(folder, "config.json");
        JsonNode config = JsonNode.Parse(File.ReadAllText(path))!;
        foreach ((string key, double value) in settings)
        {
            config["training"]![key] = value;
        }

        File.WriteAllText(path, config.ToJsonString());
        return config;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

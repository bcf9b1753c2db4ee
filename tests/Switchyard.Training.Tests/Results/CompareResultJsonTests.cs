using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Switchyard.Models.Files;
using Switchyard.Training.Results;
using Switchyard.Training.Tests.Reporting;

namespace Switchyard.Training.Tests.Results;

public sealed class CompareResultJsonTests
{
    [Fact]
    public void What_is_written_reads_back_to_the_same_text()
    {
        string json = CompareResultJson.Serialize(SampleResult.Make(seeds: 3));
        CompareResult read = CompareResultJson.Deserialize(json);
        Assert.Equal(json, CompareResultJson.Serialize(read));
        Assert.Equal(11, read.Rows.Count);
        Assert.Equal(0.02, read.Rows[3].Deviation["minMax"]);
        Assert.Equal(16, read.Rows[0].Layers[1].DomainLoad[19].Count);
        Assert.Null(read.Rows[0].CapacityFactor);
        Assert.Null(read.Rows[0].History[0].TestLoss);
    }

    [Fact]
    public void Property_names_are_those_of_the_specification()
    {
        JsonObject root = JsonNode.Parse(CompareResultJson.Serialize(SampleResult.Make()))!.AsObject();
        Assert.Equal("switchyard.compare/1", (string?)root["schema"]);
        string[] top = ["machine", "preset", "corpus", "command", "model", "rows", "created"];
        Assert.All(top, name => Assert.True(root.ContainsKey(name), name));
        JsonObject row = root["rows"]![0]!.AsObject();
        string[] names =
        [
            "name", "router", "selector", "balance", "capacityFactor", "routerParameters", "totalParameters", "activeParameters", "steps", "tokens", "trainLoss", "testLoss", "perplexity", "gini",
            "giniWorstLayer", "giniPerBatch", "minMax", "cv", "maxVio", "loadEntropy", "routingEntropy", "utilisation", "dropRate", "tokensPerSecond", "routerMicrosecondsPerToken", "seconds", "layers", "history",
        ];
        Assert.All(names, name => Assert.True(row.ContainsKey(name), name));
        Assert.True(row["layers"]![0]!.AsObject().ContainsKey("load"));
    }

    [Fact]
    public void Every_double_survives_and_what_json_cannot_say_becomes_nan() => Gen.Double.Sample(value =>
    {
        CompareResult result = SampleResult.Make(rows: 1);
        CompareRow row = result.Rows[0] with { TestLoss = value, Layers = [], History = [result.Rows[0].History[0] with { Gini = [value, double.NegativeInfinity], TestLoss = 1.5 }] };
        CompareRow read = CompareResultJson.Deserialize(CompareResultJson.Serialize(result with { Rows = [row] })).Rows[0];
        Assert.Equal(double.IsFinite(value) ? value : double.NaN, read.TestLoss);
        Assert.Equal(double.IsFinite(value) ? value : double.NaN, read.History[0].Gini[0]);
        Assert.True(double.IsNaN(read.History[0].Gini[1]));
        Assert.Equal(1.5, read.History[0].TestLoss);
    }, iter: 50, threads: 1);

    [Theory]
    [InlineData("{", "not a result of schema")]
    [InlineData("[]", "has no \"schema\"")]
    [InlineData("""{"rows":[]}""", "has no \"schema\"")]
    [InlineData("""{"schema":"switchyard.compare/9"}""", "schema \"switchyard.compare/9\"; expected \"switchyard.compare/1\"")]
    [InlineData("""{"schema":"switchyard.compare/1"}""", "not a result of schema")]
    public void What_is_not_a_result_is_refused_with_the_reason(string json, string reason)
    {
        ResultFormatException error = Assert.Throws<ResultFormatException>(() => CompareResultJson.Deserialize(json));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_required_property_that_is_null_is_refused()
    {
        JsonObject root = JsonNode.Parse(CompareResultJson.Serialize(SampleResult.Make(rows: 1)))!.AsObject();
        root["rows"]![0]!["layers"] = null;
        Assert.Throws<ResultFormatException>(() => CompareResultJson.Deserialize(root.ToJsonString()));
    }

    [Fact]
    public void A_file_is_whole_or_as_it_was()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "new", "result.json");
        CompareResult result = SampleResult.Make(rows: 1);
        CompareResultJson.Write(result, path);
        Assert.Equal(CompareResultJson.Serialize(result), CompareResultJson.Serialize(CompareResultJson.Read(path)));
        byte[] before = File.ReadAllBytes(path);
        Assert.Equal((byte)'\n', before[^1]);

        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write("half"u8);
            throw new InvalidOperationException("the writer broke");
        }));
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public void A_path_that_is_a_folder_is_an_io_error_and_leaves_nothing_behind()
    {
        using TemporaryFolder folder = new();
        string taken = Path.Combine(folder.Path, "taken");
        Directory.CreateDirectory(taken);
        Assert.ThrowsAny<Exception>(() => CompareResultJson.Write(SampleResult.Make(rows: 1), taken));
        Assert.Empty(Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void A_stream_gets_one_json_document_and_a_line_feed()
    {
        using MemoryStream stream = new();
        CompareResultJson.Write(SampleResult.Make(rows: 1), stream);
        using JsonDocument document = JsonDocument.Parse(stream.ToArray());
        Assert.Equal("switchyard.compare/1", document.RootElement.GetProperty("schema").GetString());
    }
}

using System.Text.Json;
using Switchyard.Training.Results;
using Switchyard.Training.Tests.Corpora;
using Switchyard.Training.Tests.Profiles;

namespace Switchyard.Training.Tests.Results;

public sealed class ProfileResultJsonTests
{
    [Fact]
    public void What_is_written_is_read_back_the_same()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "profile.json");
        ProfileResult result = TinyModel.Profile();
        ProfileResultJson.Write(result, path);
        ProfileResult read = ProfileResultJson.Read(path);
        using MemoryStream first = new();
        using MemoryStream second = new();
        ProfileResultJson.Write(result, first);
        ProfileResultJson.Write(read, second);
        Assert.Equal(first.ToArray(), second.ToArray());
        Assert.Equal(result.Layers[0].Load, read.Layers[0].Load);
        Assert.Equal("switchyard.profile/1", ResultSchema.Of(path));
    }

    [Fact]
    public void It_has_the_properties_that_are_documented()
    {
        using MemoryStream stream = new();
        ProfileResultJson.Write(TinyModel.Profile(), stream);
        using JsonDocument json = JsonDocument.Parse(stream.ToArray());
        foreach (string name in new[] { "schema", "machine", "command", "model", "text", "loss", "perplexity", "targets", "figures", "layers", "domains", "coActivation", "locality", "workingSet", "coverage", "cacheCurve", "diagnosis" })
        {
            Assert.True(json.RootElement.TryGetProperty(name, out _), name);
        }

        JsonElement layer = json.RootElement.GetProperty("layers")[0];
        foreach (string name in new[] { "layer", "load", "softLoad", "domainLoad", "gini", "minMax", "cv", "maxVio", "loadEntropy", "routingEntropy", "utilisation", "softGini", "specialisationNats", "specialisation", "margin", "imbalanceCost", "order" })
        {
            Assert.True(layer.TryGetProperty(name, out _), name);
        }
    }

    [Theory]
    [InlineData("{", "not a result of schema")]
    [InlineData("""{"rows":[]}""", "has no \"schema\"")]
    [InlineData("""{"schema":"switchyard.compare/1"}""", "expected \"switchyard.profile/1\"")]
    [InlineData("""{"schema":"switchyard.profile/1"}""", "not a result of schema")]
    public void Another_file_is_refused_by_name(string json, string reason)
    {
        using TemporaryFolder folder = new();
        string path = folder.File("profile.json", json);
        string message = Assert.Throws<ResultFormatException>(() => ProfileResultJson.Read(path)).Message;
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.Contains(reason, message, StringComparison.Ordinal);
    }
}

using Switchyard.Balancing;
using Switchyard.Models;
using Switchyard.Training.Configuration;

namespace Switchyard.Training.Tests.Configuration;

public sealed class ConfigFileTests
{
    public static TheoryData<string> Presets => [.. Preset.Names];

    [Theory]
    [MemberData(nameof(Presets))]
    public void Every_preset_is_valid_and_reads_back_from_its_own_text(string name)
    {
        RunConfig config = Preset.Get(name);

        config.Validate();
        Assert.Equal(name, config.Name);
        Assert.NotEmpty(config.Summary);
        Assert.Equal(ConfigFile.Write(config), ConfigFile.Write(ConfigFile.Parse(ConfigFile.Write(config), "again")));
    }

    /// <summary>The shape of Yang 2025's models with 128 experts (arXiv 2506.21328, as the README of the specification has it); the model itself is too large for a test.</summary>
    [Fact]
    public void Preset_lpr_paper_has_the_shape_of_the_paper()
    {
        RunConfig config = Preset.Get("lpr-paper");
        foreach (string row in config.Rows)
        {
            MoeTransformerOptions options = config.ModelOptions(RoutingRecipe.Parse(row));
            Assert.Equal((1024, 6, 128, 8, 128), (options.HiddenSize, options.Layers, options.Experts, options.TopK, options.InnerSize));
            Assert.All(Enumerable.Range(0, options.Layers), layer => Assert.True(options.IsMoe(layer)));
            MoeLayerOptions layer = options.MoeLayer(0);
            Assert.Equal((1024, 128, 8, 128, "none"), (layer.HiddenSize, layer.Experts, layer.TopK, layer.InnerSize, layer.Capacity));
            Assert.Equal(16, LayerRouting.RouterOptionsOf(layer).LatentPrototypes.LatentSize);
        }

        Assert.Contains("linear", config.Rows);
        Assert.Contains("lpr", config.Rows);
        RoutingRecipe lpr = RoutingRecipe.Parse("lpr");
        Assert.Equal(("lpr", "topk-softmax"), (lpr.Balancer, lpr.Selector));
        Assert.InRange(config.Training.BatchSequences * config.Training.AccumulationSteps * config.Model.SequenceLength * (long)config.Training.Steps, 900_000_000, 1_100_000_000);
    }

    [Theory]
    [InlineData("""{ "trainig": {} }""", "unknown key 'trainig'; did you mean 'training'?")]
    [InlineData("""{ "model": { "hidenSize": 3 } }""", "unknown key 'model.hidenSize'; did you mean 'hiddenSize'?")]
    [InlineData("""{ "model": { "hiddenSize": "big" } }""", "model.hiddenSize is \"big\"; it must be a whole number")]
    [InlineData("""{ "training": { "learningRate": [] } }""", "training.learningRate is []; it must be a number")]
    [InlineData("""{ "training": { "schedule": "flat" } }""", "training.schedule is \"flat\"; it must be one of")]
    [InlineData("""{ "activations": 3.5 }""", "activations is 3.5; it must be one of keep, recompute")]
    [InlineData("""{ "model": { "sharedGate": 1 } }""", "model.sharedGate is 1; it must be true or false")]
    [InlineData("""{ "routing": 3 }""", "routing is 3; it must be text in quotes")]
    [InlineData("""{ "router": 3 }""", "router is 3; it must be an object")]
    [InlineData("""{ "rows": "linear" }""", "rows is \"linear\"; it must be a list")]
    [InlineData("""{ "rows": [null] }""", "rows is [null]; it must be a list of values in quotes, without null")]
    [InlineData("""{ "rows": null }""", "rows is null; leave it out for its default")]
    [InlineData("""{ "model": null }""", "model is null; leave it out for its default")]
    [InlineData("""{ "training": null }""", "training is null")]
    [InlineData("""null""", "null is not a configuration")]
    [InlineData("""{ "vocabulry": 400 }""", "did you mean 'vocabulary'?")]
    [InlineData("""{ "vocabulary": "many" }""", "vocabulary")]
    [InlineData("""{ "model": 3 }""", "model must be an object")]
    [InlineData("""{ "seed": 1, "seed": 2 }""", "key 'seed' stands twice")]
    [InlineData("""[1]""", "must be an object")]
    [InlineData("""{ "seed": """, "not valid JSON (line 1)")]
    public void A_bad_configuration_is_refused_with_its_place(string json, string message)
    {
        ConfigurationException error = Assert.Throws<ConfigurationException>(() => ConfigFile.Parse(json, "my.json"));

        Assert.StartsWith("my.json: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "model": { "topK": 17 } }""", "topK is 17, but there are only 16 experts")]
    [InlineData("""{ "training": { "steps": -1 } }""", "steps is -1")]
    [InlineData("""{ "training": { "dtype": "fp8" } }""", "dtype is 'fp8'")]
    [InlineData("""{ "rows": [] }""", "rows is empty; name at least one")]
    [InlineData("""{ "vocabulary": 256 }""", "vocabulary is 256; it must be at least 257")]
    [InlineData("""{ "heldOutShare": 0 }""", "heldOutShare is 0")]
    [InlineData("""{ "routing": "liner" }""", "did you mean 'linear'")]
    [InlineData("""{ "executor": "pading" }""", "did you mean 'padded'")]
    [InlineData("""{ "router": { "keysize": 3 } }""", "did you mean 'keySize'")]
    [InlineData("""{ "model": { "heads": 3, "keyValueHeads": 2 } }""", "keyValueHeads is 2")]
    [InlineData("""{ "balancer": { "sweps": 3 } }""", "balancer: unknown key 'sweps'; did you mean 'sweeps'?")]
    [InlineData("""{ "balancer": { "scope": "bach" } }""", "balancer: scope")]
    [InlineData("""{ "balancer": { "sweeps": 0 } }""", "sweeps is 0")]
    [InlineData("""{ "balancer": { "decay": 1 } }""", "decay is 1")]
    [InlineData("""{ "balancer": { "averageShare": 0 } }""", "averageShare is 0")]
    [InlineData("""{ "balancer": { "coefficient": 0.1 } }""", "balancer: a coefficient belongs to the balancer's name")]
    [InlineData("""{ "rows": ["linear+switch"], "balancer": { "scope": "sequence-prefix" } }""", "balancer 'switch' has the scopes")]
    [InlineData("""{ "rows": ["linear+dual"], "balancer": { "scope": "global" } }""", "balancer 'dual' has the scopes")]
    public void A_configuration_that_cannot_be_run_is_refused(string json, string message)
    {
        ConfigurationException error = Assert.Throws<ConfigurationException>(() => ConfigFile.Parse(json, "my.json").Validate());

        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_of_the_balancer_reach_the_balancer_of_every_layer()
    {
        const string Json = """
            {
              "model": { "experts": 8, "topK": 3 },
              "rows": ["linear+dual"],
              "balancer": { "scope": "sequence-prefix", "sweeps": 7, "warmStart": false, "averageShare": 0.5, "decay": 0.75, "convention": "huggingface", "sequenceCoefficient": 0.25 }
            }
            """;
        RunConfig config = ConfigFile.Parse(Json, "my.json");
        config.Validate();
        BalancerOptions expected = new()
        {
            Experts = 8,
            TopK = 3,
            Scope = BalanceScope.SequencePrefix,
            Sweeps = 7,
            WarmStart = false,
            AverageShare = 0.5,
            Decay = 0.75,
            Convention = BalanceConvention.Huggingface,
            SequenceCoefficient = 0.25,
        };

        foreach (RunConfig read in (RunConfig[])[config, ConfigFile.Parse(ConfigFile.Write(config), "again")])
        {
            using MoeTransformer model = new(read.ModelOptions(RoutingRecipe.Parse("linear+dual")));
            Assert.All(model.MoeLayers, layer => Assert.Equal(expected, layer.Balancer.Options));
        }
    }

    [Fact]
    public void An_unknown_preset_is_answered_with_the_nearest_one()
    {
        ConfigurationException error = Assert.Throws<ConfigurationException>(() => Preset.Get("quik"));

        Assert.Contains("did you mean 'quick'", error.Message, StringComparison.Ordinal);
    }
}

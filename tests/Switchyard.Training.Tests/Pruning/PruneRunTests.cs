using System.Text.Json.Nodes;
using Switchyard.Metrics;
using Switchyard.Models;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Files;
using Switchyard.Training.Corpora;
using Switchyard.Training.Profiles;
using Switchyard.Training.Pruning;
using Switchyard.Training.Results;
using Switchyard.Training.Tests.Corpora;
using Switchyard.Training.Tests.Profiles;
using static TorchSharp.torch;

namespace Switchyard.Training.Tests.Pruning;

/// <summary>Experts that are scored on text and taken out.</summary>
public sealed class PruneRunTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-test-").FullName;

    [Theory]
    [InlineData(PruneCriterion.Frequency)]
    [InlineData(PruneCriterion.Weight)]
    [InlineData(PruneCriterion.Reap)]
    public void Scores_are_those_of_a_plain_double_loop_and_the_best_stay(PruneCriterion by)
    {
        using var scope = NewDisposeScope();
        PruneResult result = Run(Request() with { By = by, Keep = 5 });
        using MoeTransformer model = MoeTransformer.Load(Model(), new ModelLoadOptions { Trainable = true });
        double[][] expected = ByHand(model, by);
        foreach ((PrunedLayer layer, double[] scores) in result.Layers.Zip(expected))
        {
            Assert.All(layer.Scores.Zip(scores), s => Assert.Equal(s.Second, s.First, 1e-5 * Math.Max(1, s.Second)));
            Assert.Equal(scores.Index().OrderByDescending(s => s.Item).Take(5).Select(s => s.Index).Order(), layer.Kept);
        }

        Assert.Equal((8, 5), (result.Experts, result.Kept));
        Assert.True(result.After.Parameters < result.Before.Parameters);
        Assert.Equal(2 * 3 * 16, result.Before.ActiveParameters - result.After.ActiveParameters); // rows of the routers
        Assert.Equal(result.Before.ExpertBytes * 5, result.After.ExpertBytes * 8);
    }

    [Theory]
    [InlineData("lpr")]
    [InlineData("linear")]
    public void Outputs_that_are_weighed_are_those_of_what_the_experts_see(string router)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using MoeLayer layer = new(new MoeLayerOptions { HiddenSize = 16, Experts = 4, TopK = 2, InnerSize = 8, Routing = RoutingRecipe.Parse(router) });
        layer.eval();
        Seen seen = new();
        Tensor output = layer.Run(randn(10, 16), null, seen).Output;
        (Tensor input, Tensor experts, Tensor weights) = seen.Pairs();
        Tensor sum = (layer.ExpertOutputs(input, experts) * weights.unsqueeze(1)).view(10, 2, 16).sum(1);
        Assert.True((sum - output).abs().max().item<float>() < 1e-5);
        Assert.Equal(0, layer.ExpertOutputs(input, full_like(experts, -1)).abs().sum().item<float>());
    }

    [Fact]
    public void Taking_out_experts_that_a_text_never_uses_changes_no_logit_on_it()
    {
        using var scope = NewDisposeScope();
        int[] never = [1, 4, 6];
        string model = Model(never);
        foreach (PruneCriterion by in Enum.GetValues<PruneCriterion>())
        {
            PruneResult result = Run(Request() with { Model = model, By = by, Keep = 5, Output = Path.Combine(_folder, by.ToString()) });
            Assert.All(result.Layers, l =>
            {
                Assert.Equal([0, 2, 3, 5, 7], l.Kept);
                Assert.All(never, e => Assert.Equal((0.0, 0L), (l.Scores[e], l.Load[e])));
            });
            Assert.Equal(result.Before.Loss, result.After.Loss, 1e-7);
            using MoeTransformer before = MoeTransformer.Load(model), after = MoeTransformer.Load(result.Output);
            Tensor tokens = tensor("The quick brown fox".Select(c => (long)c).ToArray()).unsqueeze(0);
            Assert.True((before.forward(tokens) - after.forward(tokens)).abs().max().item<float>() < 1e-5);
        }
    }

    [Fact]
    public void Keeping_all_changes_nothing()
    {
        PruneResult result = Run(Request() with { Keep = 8, Merge = true });
        Assert.Equal(result.Before, result.After);
        Assert.Equal(File.ReadAllBytes(Path.Combine(Model(), "model.safetensors")), File.ReadAllBytes(Path.Combine(result.Output, "model.safetensors")));
    }

    [Fact]
    public void Both_models_are_judged_on_another_text_where_one_is_named()
    {
        ListCorpus other = new(("a", "Quite another text, of which nothing was scored."));
        PruneResult result = Run(Request() with { Judge = other });
        using MoeTransformer before = MoeTransformer.Load(Model()), after = MoeTransformer.Load(result.Output);
        TextOptions windows = TextOptions.For(64, 16, null);
        Assert.Equal(TextEvaluation.Run(before, new Models.Tokenizers.ByteTokenizer(), other, windows, cancellation: TestContext.Current.CancellationToken).Loss, result.Before.Loss, 1e-9);
        Assert.Equal(TextEvaluation.Run(after, new Models.Tokenizers.ByteTokenizer(), other, windows, cancellation: TestContext.Current.CancellationToken).Loss, result.After.Loss, 1e-9);
        Assert.Equal(other.Read(TestContext.Current.CancellationToken).First().Text.Length - 3, result.JudgedTokens);
    }

    [Fact]
    public void Merged_experts_are_the_mean_by_pairs_of_those_with_the_nearest_row_of_the_router()
    {
        using var scope = NewDisposeScope();
        PruneResult result = Run(Request() with { By = PruneCriterion.Frequency, Keep = 3, Merge = true });
        using CheckpointTensors before = CheckpointTensors.Open(Model()), after = CheckpointTensors.Open(result.Output);
        foreach (PrunedLayer layer in result.Layers)
        {
            Tensor rows = before.Load($"model.layers.{layer.Layer}.mlp.gate.weight").to(ScalarType.Float64);
            Tensor cosines = nn.functional.cosine_similarity(rows.unsqueeze(1), rows.unsqueeze(0), -1);
            Assert.All(Enumerable.Range(0, 8), e => Assert.Equal(layer.Kept.Contains(e) ? e : layer.Kept.MaxBy(k => cosines[e, k].item<double>()), layer.MergedInto![e]));
            foreach ((int number, int kept) in layer.Kept.Index())
            {
                int[] members = [.. Enumerable.Range(0, 8).Where(e => layer.MergedInto![e] == kept)];
                Tensor sum = zeros(16, 8, ScalarType.Float64);
                foreach (int e in members)
                {
                    sum += before.Load($"model.layers.{layer.Layer}.mlp.experts.{e}.down_proj.weight").to(ScalarType.Float64) * (double)layer.Load[e];
                }

                Tensor mean = after.Load($"model.layers.{layer.Layer}.mlp.experts.{number}.down_proj.weight").to(ScalarType.Float64);
                Assert.True((mean - (sum / members.Sum(e => (double)layer.Load[e]))).abs().max().item<double>() < 1e-6);
            }
        }
    }

    [Theory]
    [InlineData(PruneCriterion.Frequency, false)]
    [InlineData(PruneCriterion.Weight, false)]
    [InlineData(PruneCriterion.Frequency, true)]
    [InlineData(PruneCriterion.Weight, true)]
    public void A_profile_of_a_text_chooses_what_the_text_chooses(PruneCriterion by, bool merge)
    {
        PruneResult read = Run(Request() with { By = by, Merge = merge });
        PruneResult stored = Run(Request() with { By = by, Merge = merge, Text = null, Profile = Profile(), Judge = TinyModel.Text(), Output = Path.Combine(_folder, "other") });
        Assert.All(read.Layers.Zip(stored.Layers), l =>
        {
            Assert.Equal(l.First.Kept, l.Second.Kept);
            Assert.Equal(l.First.Load, l.Second.Load);
            Assert.Equal(l.First.MergedInto, l.Second.MergedInto);
            Assert.All(l.First.Scores.Zip(l.Second.Scores), s => Assert.Equal(s.First, s.Second, 1e-9));
        });
        Assert.Equal((read.Before, read.After, read.Tokens), (stored.Before, stored.After, stored.Tokens));
        Assert.Equal((null, Profile()), (read.Profile, stored.Profile));
        Assert.Equal(File.ReadAllBytes(Path.Combine(read.Output, "model.safetensors")), File.ReadAllBytes(Path.Combine(stored.Output, "model.safetensors")));
    }

    [Fact]
    public void A_profile_that_does_not_fit_is_refused_by_its_name()
    {
        PruneRequest request = Request() with { By = PruneCriterion.Weight, Text = null, Profile = Profile(), Judge = TinyModel.Text() };
        Assert.Contains("a text or by a profile", Assert.Throws<ConfigurationException>(() => Run(request with { Text = TinyModel.Text() })).Message, StringComparison.Ordinal);
        Assert.Contains("judged on", Assert.Throws<ConfigurationException>(() => Run(request with { Judge = null })).Message, StringComparison.Ordinal);
        AssertRefused<ConfigurationException>("--by reap", request with { By = PruneCriterion.Reap });
        AssertRefused<ConfigurationException>("experts of a layer 4, in", request, json => json["model"]!["experts"] = 4);
        AssertRefused<ConfigurationException>("experts of a token 1, in", request, json => json["model"]!["topK"] = 1);
        AssertRefused<ConfigurationException>("layers 3, in", request, json => json["model"]!["layers"] = 3);
        AssertRefused<ConfigurationException>("experts in layers 1, 1, ", request, json => json["layers"]![0]!["layer"] = 1);
        AssertRefused<ResultFormatException>("layer 1: \"load\" and \"softLoad\" must be 8 numbers", request, json => json["layers"]![1]!["softLoad"] = new JsonArray());
        AssertRefused<ResultFormatException>("layer 0: \"load\" and", request, json => json["layers"]![0]!["softLoad"]![3] = null);
        AssertRefused<ResultFormatException>("layer 0: \"load\" and", request, json => json["layers"]![0]!["load"]![3] = -1);
        AssertRefused<ResultFormatException>("switchyard.profile/1", request, json => json["schema"] = "switchyard.compare/1");
        Assert.DoesNotContain(Directory.GetDirectories(_folder), p => Path.GetFileName(p) is not "model");

        void AssertRefused<T>(string part, PruneRequest refused, Action<JsonNode>? damage = null)
            where T : Exception
        {
            JsonNode json = JsonNode.Parse(File.ReadAllText(Profile()))!;
            damage?.Invoke(json);
            string file = Path.Combine(_folder, "damaged.json");
            File.WriteAllText(file, json.ToJsonString());
            string message = Assert.Throws<T>(() => Run(refused with { Profile = file })).Message;
            Assert.Contains(part, message, StringComparison.Ordinal);
            Assert.Contains(file, message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Quantized_experts_are_not_merged_but_can_be_taken_out()
    {
        string small = Path.Combine(_folder, "int8");
        CheckpointQuantizer.Write(Model(), small, 8, 32, TestContext.Current.CancellationToken);
        Assert.Contains("quantized", Assert.Throws<ConfigurationException>(() => Run(Request() with { Model = small, Merge = true })).Message, StringComparison.Ordinal);
        Assert.Equal(4, Run(Request() with { Model = small }).Kept);
    }

    [Fact]
    public void What_cannot_be_done_is_said_before_any_text_is_read_and_leaves_nothing()
    {
        ListCorpus text = new(("a", "some text"));
        AssertSays("a token uses 2", Request() with { Keep = 1, Text = text });
        AssertSays("has 8", Request() with { Keep = 9, Text = text });
        AssertSays("longest sequence", Request() with { Context = 999, Text = text });
        AssertSays("there already", Request() with { Output = Model(), Text = text });
        Assert.Equal(0, text.Readings);
        AssertSays("two tokens", Request() with { Text = new ListCorpus(("a", "x")) });
        AssertSays("two tokens", Request() with { Judge = new ListCorpus(("a", "x")) });
        AssertSays("no layer of the model has experts", Request() with { Model = Dense() });
        using CancellationTokenSource stop = new();
        stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => PruneRun.Run(Request(), TinyModel.Machine, cancellation: stop.Token));
        Assert.DoesNotContain(Directory.GetFileSystemEntries(_folder), p => Path.GetFileName(p) is not ("dense" or "model"));

        void AssertSays(string part, PruneRequest request) => Assert.Contains(part, Assert.Throws<ConfigurationException>(() => Run(request)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static PruneResult Run(PruneRequest request) => PruneRun.Run(request, TinyModel.Machine, cancellation: TestContext.Current.CancellationToken);

    private PruneRequest Request() => new() { Model = Model(), Output = Path.Combine(_folder, "new"), Keep = 4, Text = TinyModel.Text(), Context = 16 };

    /// <summary>The profile of the model on the text that the experts are scored on.</summary>
    private string Profile()
    {
        string file = Path.Combine(_folder, "profile.json");
        if (!File.Exists(file))
        {
            using MoeTransformer model = MoeTransformer.Load(Model());
            ProfileResultJson.Write(Profiler.Run(model, TinyModel.Request(), TinyModel.Machine, cancellation: TestContext.Current.CancellationToken), file);
        }

        return file;
    }

    /// <summary>A model whose routers tell tokens apart; some experts may have a router's row that no token chooses.</summary>
    private string Model(params int[] never)
    {
        string folder = Path.Combine(_folder, never.Length > 0 ? "never" : "model");
        if (!Directory.Exists(folder))
        {
            using var scope = NewDisposeScope();
            using var quiet = no_grad();
            using MoeTransformer model = TinyModel.Make();
            foreach (MoeLayer layer in model.MoeLayers)
            {
                Tensor rows = layer.Router.get_parameter("W_g")!;
                rows.mul_(20);
                // Where two experts have opposite rows, one of them scores above 0.
                foreach (int e in never)
                {
                    rows[e].zero_();
                }

                if (never.Length > 0)
                {
                    rows[2].copy_(-rows[0]);
                    rows[5].copy_(-rows[3]);
                }
            }

            model.Save(folder);
        }

        return folder;
    }

    /// <summary>The model with its first expert in place of each layer of experts.</summary>
    private string Dense()
    {
        const string Expert = ".experts.0.";
        string folder = Path.Combine(_folder, "dense");
        using var scope = NewDisposeScope();
        using CheckpointTensors tensors = CheckpointTensors.Open(Model());
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(
            Path.Combine(folder, "model.safetensors"),
            tensors.Names.Where(n => !n.Contains(".mlp.", StringComparison.Ordinal) || n.Contains(Expert, StringComparison.Ordinal)).Select(n => (n.Replace(Expert, ".", StringComparison.Ordinal), tensors.Load(n))));
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(Model(), "config.json")))!;
        config["mlp_only_layers"] = new JsonArray(0, 1);
        config["intermediate_size"] = 8;
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        return folder;
    }

    private static double[][] ByHand(MoeTransformer model, PruneCriterion by)
    {
        using var quiet = no_grad();
        double[][] sums = [.. model.MoeLayers.Select(l => new double[l.Options.Experts])], counts = [.. sums.Select(s => new double[s.Length])];
        foreach (Document document in TinyModel.Text().Read(TestContext.Current.CancellationToken))
        {
            for (int from = 0; from < document.Text.Length; from += 16)
            {
                long[] tokens = [.. document.Text.AsSpan(from, Math.Min(16, document.Text.Length - from)).ToArray().Select(c => (long)c)];
                Every every = new((layer, hidden, expert, weight) =>
                {
                    Tensor gate = model.MoeLayers[layer].Experts.GateUp[expert].narrow(0, 0, 8), up = model.MoeLayers[layer].Experts.GateUp[expert].narrow(0, 8, 8);
                    double[] inner = new double[8];
                    for (int i = 0; i < 8; i++)
                    {
                        double g = Dot(gate[i], hidden), u = Dot(up[i], hidden);
                        inner[i] = g / (1 + Math.Exp(-g)) * u;
                    }

                    double squares = 0;
                    for (int i = 0; i < 16; i++)
                    {
                        float[] row = model.MoeLayers[layer].Experts.Down[expert][i].data<float>().ToArray();
                        squares += Math.Pow(row.Select((w, j) => w * inner[j]).Sum(), 2);
                    }

                    counts[layer][expert]++;
                    sums[layer][expert] += by == PruneCriterion.Weight ? weight : weight * Math.Sqrt(squares);
                });
                model.Encode(new TransformerInput(tensor(tokens).unsqueeze(0)), every);
            }
        }

        return by == PruneCriterion.Frequency ? counts : by == PruneCriterion.Weight ? sums : [.. sums.Zip(counts, (s, c) => s.Zip(c, (a, n) => n > 0 ? a / n : 0).ToArray())];
    }

    private static double Dot(Tensor row, float[] x) => row.data<float>().ToArray().Zip(x, (a, b) => (double)a * b).Sum();

    private sealed class Every(Action<int, float[], long, double> see) : IRoutingObserver
    {
        public void Observe(RoutingObservation observation)
        {
            using var scope = NewDisposeScope();
            long[] experts = observation.Assignment.Experts.data<long>().ToArray();
            float[] weights = observation.Assignment.Weights.data<float>().ToArray();
            for (int pair = 0; pair < experts.Length; pair++)
            {
                see(observation.Layer, observation.Hidden![pair / TinyModel.TopK].data<float>().ToArray(), experts[pair], weights[pair]);
            }
        }
    }

    private sealed class Seen : IRoutingObserver
    {
        private RoutingObservation? _last;

        public void Observe(RoutingObservation observation) => _last = observation;

        public (Tensor Input, Tensor Experts, Tensor Weights) Pairs() =>
            (_last!.ExpertInput!.repeat_interleave(_last.Assignment.Experts.size(1), 0), _last.Assignment.Experts.flatten(), _last.Assignment.Weights.flatten());
    }
}

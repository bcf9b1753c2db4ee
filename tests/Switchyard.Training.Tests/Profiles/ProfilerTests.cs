using System.Text;
using Parquet;
using Parquet.Schema;
using Switchyard.Metrics;
using Switchyard.Models;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Profiles;
using Switchyard.Training.Results;
using Switchyard.Training.Tests.Corpora;
using Switchyard.Training.Trainers;
using static TorchSharp.torch;

namespace Switchyard.Training.Tests.Profiles;

public sealed class ProfilerTests
{
    private static readonly long s_tokens = TinyModel.Text().Read(CancellationToken.None).Sum(d => (long)Encoding.UTF8.GetByteCount(d.Text));

    [Theory]
    [InlineData(16, 16)]
    [InlineData(16, 5)]
    [InlineData(64, 64)]
    [InlineData(2, 1)]
    public void Load_counts_every_token_once_whatever_the_windows(int context, int stride)
    {
        ProfileResult result = TinyModel.Profile(context, stride);
        Assert.Equal(s_tokens, result.Text.Tokens);
        Assert.Equal(4, result.Text.Documents);
        Assert.Equal(["prose", "code"], result.Text.Domains);
        Assert.All(result.Layers, l => Assert.Equal(s_tokens * TinyModel.TopK, l.Load.Sum()));
        Assert.All(result.Layers, l => Assert.Equal(s_tokens, l.Tokens));
        Assert.Equal(s_tokens, result.OrderTokens);
    }

    [Fact]
    public void Cancelling_within_a_batch_stops_before_the_next_layer()
    {
        using CancellationTokenSource source = new();
        using MoeTransformer model = TinyModel.Make();
        CancellingObserver observer = new(source);
        model.Observer = observer;

        Assert.Throws<OperationCanceledException>(() => Profiler.Run(model, TinyModel.Request(), TinyModel.Machine, cancellation: source.Token));
        Assert.Throws<OperationCanceledException>(() => TextEvaluation.Run(model, new ByteTokenizer(), TinyModel.Text(), TinyModel.Request().Text, cancellation: source.Token));

        Assert.True(observer.Seen <= 1, $"{observer.Seen} layers ran");
    }

    [Fact]
    public void Cancelling_after_the_last_batch_makes_no_figures()
    {
        using CancellationTokenSource source = new();
        using MoeTransformer model = TinyModel.Make();
        CancellingProgress progress = new(source, s_tokens);

        Assert.Throws<OperationCanceledException>(() => Profiler.Run(model, TinyModel.Request(), TinyModel.Machine, progress: progress, cancellation: source.Token));

        Assert.Equal(s_tokens, progress.Last);
    }

    [Theory]
    [InlineData(16, 16)]
    [InlineData(16, 5)]
    public void Loss_is_that_of_each_window_run_by_itself(int context, int stride)
    {
        using MoeTransformer model = TinyModel.Make();
        model.eval();
        double sum = 0;
        long targets = 0;
        foreach (string text in TinyModel.Text().Read(TestContext.Current.CancellationToken).Select(d => d.Text))
        {
            long[] ids = [.. Encoding.UTF8.GetBytes(text).Select(b => (long)b)];
            int scored = 0;
            for (int b = 0; b == 0 || scored < ids.Length; b += stride)
            {
                int end = Math.Min(ids.Length, b + context);
                using var scope = NewDisposeScope();
                Tensor logs = nn.functional.log_softmax(model.forward(tensor(ids[b..end], [1, end - b])), -1);
                for (int t = Math.Max(b + 1, scored); t < end; t++)
                {
                    sum -= logs[0, t - 1 - b, ids[t]].item<float>();
                    targets++;
                }

                scored = end;
            }
        }

        ProfileResult result = TinyModel.Profile(context, stride);
        Assert.Equal(targets, result.Targets);
        Assert.Equal(sum / targets, result.Loss, 5);
        Assert.Equal(Math.Exp(result.Loss), result.Perplexity, 12);
        Evaluation evaluation = TextEvaluation.Run(model, TinyModel.Request().Tokenizer, TinyModel.Text(), TextOptions.For(64, context, stride), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(result.Loss, evaluation.Loss, 12);
        Assert.Equal(targets, evaluation.Tokens);
    }

    [Fact]
    public void Domains_add_up_to_the_whole()
    {
        ProfileResult result = TinyModel.Profile();
        Assert.Equal(result.Text.Domains, result.Domains.Select(d => d.Name));
        Assert.Equal([3L, 1L], result.Domains.Select(d => d.Documents));
        Assert.Equal(result.Targets, result.Domains.Sum(d => d.Targets));
        Assert.Equal(result.Loss, result.Domains.Sum(d => d.Loss * d.Targets) / result.Targets, 10);
        foreach (ProfileLayer layer in result.Layers)
        {
            for (int d = 0; d < result.Domains.Count; d++)
            {
                Assert.Equal(layer.DomainLoad[d], result.Domains[d].Layers.First(l => l.Layer == layer.Layer).Load);
            }

            Assert.Equal(layer.Load, Enumerable.Range(0, layer.Load.Count).Select(e => layer.DomainLoad.Sum(d => d[e])));
            Assert.Equal(Specialisation.Of(layer.DomainLoad).Normalised, layer.Specialisation, 12);
        }
    }

    [Fact]
    public void Every_metric_of_the_catalog_has_its_mean_and_its_worst_layer()
    {
        ProfileResult result = TinyModel.Profile();
        Assert.Equal(MetricCatalog.All.Names, result.Figures.Select(f => f.Name));
        MetricFigure gini = result.Figure("gini")!;
        Assert.Equal(result.Layers.Average(l => l.Gini), gini.Mean, 12);
        Assert.Equal(result.Layers.MaxBy(l => l.Gini)!.Layer, gini.WorstLayer);
        Assert.Null(result.Figure("nothing"));
    }

    [Fact]
    public void Co_activation_of_top_2_sums_to_the_tokens()
    {
        ProfileResult result = TinyModel.Profile();
        Assert.All(result.CoActivation, c => Assert.Equal(2 * s_tokens, c.Tokens.Sum(row => row.Sum())));
        Assert.All(result.CoActivation, c => Assert.Equal(c.Pairs.OrderByDescending(p => p.Overlap), c.Pairs));
    }

    [Fact]
    public void No_more_tokens_are_read_than_asked_for()
    {
        ProfileResult result = TinyModel.Profile(maxTokens: 100);
        Assert.Equal(100, result.Text.Tokens);
        Assert.All(result.Layers, l => Assert.Equal(100 * TinyModel.TopK, l.Load.Sum()));
    }

    [Fact]
    public void The_model_stays_in_training_where_it_was()
    {
        using MoeTransformer model = TinyModel.Make();
        model.train();
        Profiler.Run(model, TinyModel.Request(), TinyModel.Machine, cancellation: TestContext.Current.CancellationToken);
        Assert.True(model.training);
    }

    [Fact]
    public void More_domains_than_are_told_apart_count_as_others()
    {
        ListCorpus corpus = new([.. Enumerable.Range(0, 70).Select(i => ($"d{i}", "some text"))]);
        ProfileResult result = TinyModel.Profile(corpus: corpus);
        Assert.Equal(64, result.Domains.Count);
        Assert.Equal("(others)", result.Domains[^1].Name);
        Assert.Equal(7, result.Domains[^1].Documents);
    }

    [Fact]
    public void A_text_of_one_token_is_refused() =>
        Assert.Contains("nothing to judge", Assert.Throws<ConfigurationException>(() => TinyModel.Profile(corpus: new ListCorpus(("d", "x")))).Message, StringComparison.Ordinal);

    [Fact]
    public void Tensors_do_not_pile_up_over_a_text()
    {
        using MoeTransformer model = TinyModel.Make();
        Profiler.Run(model, TinyModel.Request(), TinyModel.Machine, cancellation: TestContext.Current.CancellationToken);
        long before = TorchSharp.torch.Tensor.TotalCount;
        Profiler.Run(model, TinyModel.Request(2, 1), TinyModel.Machine, cancellation: TestContext.Current.CancellationToken);
        Assert.InRange(TorchSharp.torch.Tensor.TotalCount, 0, before);
    }

    [Theory]
    [InlineData(16, 16)]
    [InlineData(16, 5)]
    public async Task The_trace_holds_every_choice_in_the_order_of_the_text(int context, int stride)
    {
        using MemoryStream stream = new();
        ProfileResult result;
        using (TraceWriter trace = new(stream))
        {
            result = TinyModel.Profile(context, stride, trace: trace);
            Assert.Equal(s_tokens * TinyModel.TopK * 2, trace.Rows);
        }

        stream.Position = 0;
        await using ParquetReader reader = await ParquetReader.CreateAsync(stream, cancellationToken: TestContext.Current.CancellationToken);
        using ParquetRowGroupReader group = reader.OpenRowGroupReader(0);
        int[] documents = await Column<int>(group, reader, "document");
        long[] positions = await Column<long>(group, reader, "position");
        int[] tokens = await Column<int>(group, reader, "token");
        short[] layers = await Column<short>(group, reader, "layer");
        short[] slots = await Column<short>(group, reader, "slot");
        short[] experts = await Column<short>(group, reader, "expert");
        float[] weights = await Column<float>(group, reader, "weight");
        byte[][] texts = [.. TinyModel.Text().Read(TestContext.Current.CancellationToken).Select(d => Encoding.UTF8.GetBytes(d.Text))];
        for (int i = 0; i < tokens.Length; i++)
        {
            Assert.Equal(texts[documents[i]][positions[i]], tokens[i]);
        }

        (int, long, short, short)[] keys = [.. documents.Zip(positions, layers).Zip(slots, (a, s) => (a.First, a.Second, a.Third, s))];
        Assert.Equal(keys.Order(), keys);
        Assert.Equal(keys.Length, keys.Distinct().Count());
        foreach (ProfileLayer layer in result.Layers)
        {
            int[] rows = [.. Enumerable.Range(0, layers.Length).Where(i => layers[i] == layer.Layer)];
            Assert.Equal(layer.Load, Enumerable.Range(0, layer.Load.Count).Select(e => (long)rows.Count(i => experts[i] == e)));
            Assert.Equal(layer.SoftLoad.Sum(), rows.Sum(i => (double)weights[i]), 3);
        }
    }

    private static async Task<T[]> Column<T>(ParquetRowGroupReader group, ParquetReader reader, string name)
        where T : struct
    {
        DataField field = reader.Schema.GetDataFields().First(f => f.Name == name);
        T[] values = new T[group.RowCount];
        await group.ReadAsync<T>(field, values.AsMemory(), cancellationToken: TestContext.Current.CancellationToken);
        return values;
    }

    /// <summary>Asks to stop when the first layer has run.</summary>
    private sealed class CancellingObserver(CancellationTokenSource source) : IRoutingObserver
    {
        public int Seen { get; private set; }

        public void Observe(RoutingObservation observation)
        {
            Seen++;
            source.Cancel();
        }
    }

    /// <summary>Asks to stop when all tokens were read.</summary>
    private sealed class CancellingProgress(CancellationTokenSource source, long tokens) : IProgress<ProfileProgress>
    {
        public long Last { get; private set; }

        public void Report(ProfileProgress value)
        {
            Last = value.Tokens;
            if (Last == tokens)
            {
                source.Cancel();
            }
        }
    }
}

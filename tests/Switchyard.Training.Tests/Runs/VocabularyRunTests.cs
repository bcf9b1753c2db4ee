using Switchyard.Models;
using Switchyard.Models.Files;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Configuration;
using Switchyard.Training.Corpora;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;
using Switchyard.Training.Tests.Trainers;
using Switchyard.Training.Trainers;

namespace Switchyard.Training.Tests.Runs;

public sealed class VocabularyRunTests : IDisposable
{
    private readonly TinyText _text = new();
    private readonly CorpusVocabulary _vocabulary;
    private readonly PackedCorpus _tokens;

    public VocabularyRunTests()
    {
        _vocabulary = CorpusVocabulary.Learn(_text.Packed, 290, _text.Folder("vocabulary"), TestContext.Current.CancellationToken);
        _tokens = _text.Packed.Tokenize(_vocabulary, TestContext.Current.CancellationToken);
    }

    [Fact]
    public void A_run_that_was_stopped_goes_on_with_the_same_bits()
    {
        RunFolder whole = new(_text.Folder("whole")), halted = new(_text.Folder("halted"));
        Run(whole, 4);
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() => Run(halted, 4, new StopAfter(2, stop), resume: false, stop.Token));
        Assert.Equal([2], halted.Checkpoints());
        using (CorpusVocabulary own = CorpusVocabulary.Load(halted.Path))
        {
            using PackedCorpus again = _text.Packed.Tokenize(own, TestContext.Current.CancellationToken);
            Assert.Equal(_tokens.Folder, again.Folder);
        }

        Run(halted, 4, resume: true);

        Assert.Equal(
            File.ReadAllBytes(Path.Combine(whole.CheckpointPath(4), "model.safetensors")),
            File.ReadAllBytes(Path.Combine(halted.CheckpointPath(4), "model.safetensors")));
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(whole.CheckpointPath(4), "optimizer.safetensors")),
            File.ReadAllBytes(Path.Combine(halted.CheckpointPath(4), "optimizer.safetensors")));
    }

    [Fact]
    public void The_tokenizer_stands_in_the_run_and_beside_the_trained_model()
    {
        RunFolder folder = new(_text.Folder("run"));
        Run(folder, 1);

        foreach (string place in new[] { folder.Path, folder.ModelPath })
        {
            using TextTokenizer tokenizer = TextTokenizer.Load(place);
            Assert.Equal(_vocabulary.Size, tokenizer.VocabularySize);
            Assert.Equal("the gate sends", tokenizer.Decode(tokenizer.Encode("the gate sends")));
        }

        using MoeTransformer model = MoeTransformer.Load(folder.ModelPath);
        Assert.Equal(_vocabulary.Size, model.Options.VocabularySize);
    }

    [Fact]
    public void Loss_is_told_by_the_byte_too()
    {
        CompareRow row = Run(new RunFolder(_text.Folder("run")), 1);
        long tokens = 0;
        long bytes = 0;
        foreach (TokenBatch batch in new HeldOutSequences(_tokens, 16).Batches(4, 256 / 16))
        {
            for (int b = 0; b < batch.Rows; b++)
            {
                long[] targets = batch.Tokens[((b * 17) + 1)..((b + 1) * 17)];
                tokens += targets.Length;
                bytes += targets.Sum(_vocabulary.BytesOf);
            }
        }

        Assert.True(bytes > tokens);
        Assert.Equal(row.TestLoss * tokens / bytes, row.TestLossPerByte!.Value, 1e-12);
    }

    [Fact]
    public void Running_text_is_judged_by_the_byte_as_held_out_text_is()
    {
        using Trainer trainer = new(Config(1), RoutingRecipe.Parse("linear"), new TokenStream(_tokens, 16, 4, 1));
        Corpora.ListCorpus corpus = new(("a", "the router sends a few tokens"), ("b", " to many experts"));
        int[] ids = [.. _vocabulary.Tokenizer.Encode("the router sends a few tokens", false), .. _vocabulary.Tokenizer.Encode(" to many experts", false)];

        Evaluation evaluation = Evaluator.Windows(trainer.Model, corpus, _vocabulary, 8, 4, long.MaxValue, cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(ids.Length - 1, evaluation.Tokens);
        Assert.Equal(ids[1..].Sum(id => _vocabulary.BytesOf(id)), evaluation.Bytes);
    }

    [Fact]
    public void Loss_by_the_byte_is_the_loss_where_tokens_are_bytes()
    {
        RunConfig config = TinyText.Config(1);
        CompareRow row = new TrainingRun(config, RoutingRecipe.Parse("linear"), _text.Packed, new RunFolder(_text.Folder("bytes"))).Run(cancellation: TestContext.Current.CancellationToken);

        Assert.Equal(row.TestLoss, row.TestLossPerByte);
    }

    [Fact]
    public void A_tokenizer_of_another_size_than_the_model_is_refused()
    {
        RunFolder folder = new(_text.Folder("run"));
        _vocabulary.CopyTo(folder.Path);
        RunConfig config = Config(1) with { Vocabulary = 290 };

        using (CorpusVocabulary? own = RunText.Vocabulary(config, folder))
        {
            Assert.Equal(_vocabulary.Size, own!.Size);
        }

        CheckpointFormatException error = Assert.Throws<CheckpointFormatException>(() => RunText.Vocabulary(config with { Model = config.Model with { VocabularySize = 256 } }, folder));
        Assert.Contains("tokenizer.json", error.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _tokens.Dispose();
        _vocabulary.Dispose();
        _text.Dispose();
    }

    private RunConfig Config(int steps)
    {
        RunConfig config = TinyText.Config(steps);
        return config with { Model = config.Model with { VocabularySize = _vocabulary.Size } };
    }

    private CompareRow Run(RunFolder folder, int steps, IProgress<TrainingProgress>? progress = null, bool resume = false, CancellationToken? cancellation = null) =>
        new TrainingRun(Config(steps), RoutingRecipe.Parse("linear+bias"), _tokens, folder).Run(resume, progress, cancellation ?? TestContext.Current.CancellationToken);

    private sealed class StopAfter(int step, CancellationTokenSource source) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Step == step - 1)
            {
                source.Cancel();
            }
        }
    }
}

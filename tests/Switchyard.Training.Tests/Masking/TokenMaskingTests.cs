using Switchyard.Models;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Characterizing;
using Switchyard.Training.Masking;
using Switchyard.Training.Profiles;
using Switchyard.Training.Pruning;
using Switchyard.Training.Quantizing;
using Switchyard.Training.Rerouting;
using Switchyard.Training.Results;
using Switchyard.Training.Runs;
using Switchyard.Training.Tests.Corpora;
using Switchyard.Training.Tests.Profiles;
using Switchyard.Training.Trainers;
using Switchyard.Training.Upcycling;
using static TorchSharp.torch;

namespace Switchyard.Training.Tests.Masking;

/// <summary>Encoders that are judged and trained by the tokens that are masked.</summary>
public sealed class TokenMaskingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("switchyard-test-").FullName;

    [Fact]
    public void Of_many_tokens_15_percent_are_asked_for_and_of_these_80_percent_become_the_mask_and_10_any_token()
    {
        (TokenMasking masking, IDisposable[] owned) = Masking();
        (int asked, int masks, int same, int all) = (0, 0, 0, 0);
        HashSet<long> others = [];
        for (int number = 0; number < 400; number++)
        {
            long[] tokens = Line(100), before = [.. tokens];
            IReadOnlyList<(int Place, long Token)> targets = masking.Mask(tokens, 1, 99, number);
            Assert.Equal(15, targets.Count);
            Assert.Equal(targets.Select(t => t.Place).Order(), targets.Select(t => t.Place));
            Assert.All(targets, t => Assert.Equal((before[t.Place], true), (t.Token, t.Place is >= 1 and < 99)));
            Assert.All(Enumerable.Range(0, 100).Except(targets.Select(t => t.Place)), i => Assert.Equal(before[i], tokens[i]));
            asked += targets.Count;
            all += 98;
            masks += targets.Count(t => tokens[t.Place] == TinyEncoder.Mask);
            same += targets.Count(t => tokens[t.Place] == t.Token);
            others.UnionWith(targets.Select(t => tokens[t.Place]).Where(t => t != TinyEncoder.Mask));
        }

        Assert.Equal(0.15, (double)asked / all, 0.005);
        Assert.Equal(0.8, (double)masks / asked, 0.02);
        Assert.Equal(0.1, (double)same / asked, 0.015);
        Assert.DoesNotContain(others, t => t < 5);
        Assert.True(others.Count > 200);
        Array.ForEach(owned, o => o.Dispose());
    }

    [Fact]
    public void The_same_number_and_seed_ask_for_the_same_tokens_and_special_ones_are_never_asked_for()
    {
        (TokenMasking masking, IDisposable[] owned) = Masking();
        (TokenMasking other, IDisposable[] alsoOwned) = Masking(seed: 2);
        long[] a = Line(50), b = Line(50), c = Line(50), d = Line(50);
        Assert.Equal(masking.Mask(a, 0, 50, 7), masking.Mask(b, 0, 50, 7));
        Assert.Equal(a, b);
        masking.Mask(c, 0, 50, 8);
        other.Mask(d, 0, 50, 7);
        Assert.NotEqual(a, c);
        Assert.NotEqual(a, d);
        long[] special = [TinyEncoder.Classification, TinyEncoder.Separator, 10, TinyEncoder.Separator];
        Assert.Equal([(2, 10L)], masking.Mask(special, 0, 4, 1));
        Assert.Empty(masking.Mask([TinyEncoder.Classification, TinyEncoder.Separator], 0, 2, 1));
        Assert.Equal([TinyEncoder.Classification], masking.Prefix);
        Assert.Equal([TinyEncoder.Separator], masking.Suffix);
        Array.ForEach([.. owned, .. alsoOwned], o => o.Dispose());
    }

    [Fact]
    public void The_loss_of_an_encoder_is_that_of_a_plain_loop_over_its_windows()
    {
        TinyEncoder.SaveSparse(Model);
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using TextTokenizer tokenizer = TextTokenizer.Load(Model);
        using MoeTransformer model = MoeTransformer.Load(Model);
        TextOptions options = TextOptions.For(128, 12, 4) with { Seed = 3 };
        ListCorpus text = new(("a", "the quick brown fox, the lazy dog"), ("b", "x"));
        Evaluation evaluation = TextEvaluation.Run(model, tokenizer, text, options, cancellation: TestContext.Current.CancellationToken);

        TokenMasking masking = TokenMasking.Of(model, tokenizer, 3)!;
        double sum = 0;
        int count = 0;
        foreach ((int number, string document) in ((string[])["the quick brown fox, the lazy dog", "x"]).Index())
        {
            int[] tokens = tokenizer.Encode(document, addSpecial: false);
            int seen = 0;
            for (int begin = 0; seen < tokens.Length; begin += 4)
            {
                int end = Math.Min(tokens.Length, begin + 10);
                long[] line = [TinyEncoder.Classification, .. tokens[begin..end].Select(t => (long)t), TinyEncoder.Separator];
                foreach ((int place, long token) in masking.Mask(line, 1 + seen - begin, line.Length - 1, (number * 1_000_003L) + begin - 1))
                {
                    sum -= model.Run(tensor(line).unsqueeze(0)).Logits[0, place].log_softmax(0)[token].item<float>();
                    count++;
                }

                seen = end;
            }
        }

        Assert.Equal(count, evaluation.Tokens);
        Assert.Equal(sum / count, evaluation.Loss, 1e-4);
        Assert.Null(evaluation.LossPerByte);
    }

    [Fact]
    public void A_profile_of_an_encoder_counts_the_tokens_of_the_text_and_no_others()
    {
        TinyEncoder.SaveSparse(Model);
        using TextTokenizer tokenizer = TextTokenizer.Load(Model);
        using MoeTransformer model = MoeTransformer.Load(Model);
        ProfileRequest request = new() { ModelPath = Model, Tokenizer = tokenizer, Corpus = TinyModel.Text(), Text = TextOptions.For(128, 16, 8), Command = "profile" };
        ProfileResult profile = Profiler.Run(model, request, TinyModel.Machine, cancellation: TestContext.Current.CancellationToken);
        long tokens = TinyModel.Text().Read(TestContext.Current.CancellationToken).Sum(d => (long)tokenizer.Encode(d.Text, addSpecial: false).Length);
        Assert.Equal(tokens, profile.Text.Tokens);
        Assert.All(profile.Layers, l => Assert.Equal(2 * tokens, l.Load.Sum()));
        Assert.InRange(profile.Targets, (long)(0.1 * tokens), (long)(0.3 * tokens));
    }

    [Fact]
    public void Upcycling_judges_an_encoder_by_the_same_masked_tokens_before_and_after()
    {
        TinyEncoder.SaveDense(Model);
        UpcycleResult result = UpcycleRun.Run(
            new UpcycleRequest { Model = Model, Output = Path.Combine(_folder, "new"), Options = new() { Experts = 4, TopK = 2 }, Judge = TinyModel.Text(), Context = 16 },
            TinyModel.Machine,
            cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(result.Before.Loss!.Value, result.After.Loss!.Value, 1e-5);
        Assert.True(result.JudgedTokens > 10);
    }

    [Fact]
    public void The_routers_of_an_encoder_are_replaced_and_trained_by_masked_tokens()
    {
        TinyEncoder.SaveSparse(Model);
        string corpus = Path.Combine(_folder, "corpus");
        Directory.CreateDirectory(corpus);
        for (int i = 0; i < 30; i++)
        {
            File.WriteAllText(Path.Combine(corpus, $"{i}.txt"), string.Join(' ', Enumerable.Repeat($"the fox number {(char)('a' + (i % 26))} jumps over the lazy dog.", 6)));
        }

        RerouteConfig config = new() { Model = Model, Corpus = corpus, Router = "attention", Balance = "none", Context = 32, DistillSteps = 4, TeacherWeight = 0, Judge = corpus, JudgeContext = 16 };
        config = config with { Training = config.Training with { Steps = 6, BatchSequences = 4, EvaluateTokens = 512, EvaluateEvery = 3 } };
        RerouteResult result = new RerouteRun(config, new RunFolder(Path.Combine(_folder, "run"))).Run(TinyModel.Machine, "reroute", cancellation: TestContext.Current.CancellationToken);
        Assert.True(double.IsFinite(result.After.Loss) && result.After.Loss < result.Before.Loss + 0.5);
        Assert.Equal(0.5, result.AgreementAtStart.Average(), 0.5);
        using MoeTransformer read = MoeTransformer.Load(result.Output);
        Assert.All(read.MoeLayers, l => Assert.Equal("attention", l.Options.Routing.Router));
        Assert.Equal("bert", read.Source!.Architecture.Name);
        RerouteResult taught = new RerouteRun(config with { TeacherWeight = 0.5 }, new RunFolder(Path.Combine(_folder, "taught"))).Run(TinyModel.Machine, "reroute", cancellation: TestContext.Current.CancellationToken);
        Assert.True(double.IsFinite(taught.After.Loss));
    }

    [Fact]
    public void Experts_of_an_encoder_are_taken_out_by_what_they_do_on_a_text()
    {
        TinyEncoder.SaveSparse(Model);
        PruneResult result = PruneRun.Run(new PruneRequest { Model = Model, Output = Path.Combine(_folder, "new"), Keep = 3, Text = TinyModel.Text(), Context = 16 }, TinyModel.Machine, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal((4, 3), (result.Experts, result.Kept));
        Assert.True(double.IsFinite(result.After.Loss));
    }

    [Fact]
    public void Experts_of_an_encoder_are_rounded_by_what_they_see_of_a_text()
    {
        TinyEncoder.SaveSparse(Model);
        QuantizeResult result = QuantizeRun.Run(
            new QuantizeRequest { Model = Model, Output = Path.Combine(_folder, "new"), Bits = 8, Group = 32, Calibration = TinyModel.Text(), Judge = TinyModel.Text(), Context = 16 },
            TinyModel.Machine,
            cancellation: TestContext.Current.CancellationToken);
        Assert.Equal(result.LossBefore!.Value, result.LossAfter!.Value, 0.02);
    }

    [Fact]
    public void Without_a_mask_or_without_room_for_a_token_there_is_no_loss()
    {
        TinyEncoder.SaveDense(Model);
        using TextTokenizer tokenizer = TextTokenizer.Load(Model);
        using MoeTransformer model = MoeTransformer.Load(Model);
        Assert.Contains("no mask_token", Assert.Throws<ConfigurationException>(() => TokenMasking.Of(model, new ByteTokenizer(), 1)).Message, StringComparison.Ordinal);
        Assert.Contains("leaves no token", Assert.Throws<ConfigurationException>(() => TextEvaluation.Run(model, tokenizer, TinyModel.Text(), TextOptions.For(128, 2, null), cancellation: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        using MoeTransformer decoder = TinyModel.Make();
        Assert.Null(TokenMasking.Of(decoder, tokenizer, 1));
    }

    [Fact]
    public void A_sentence_encoder_is_refused_by_its_folder_and_what_it_lacks()
    {
        TinyEncoder.SaveHeadless(Model);
        string text = Path.Combine(_folder, "text.txt");
        File.WriteAllText(text, string.Concat(Enumerable.Repeat("some text of words. ", 200)));
        UpcycleOptions experts = new() { Experts = 4, TopK = 2 };
        CharacterizeConfig config = new() { Reroute = new RerouteConfig { Model = Model, Corpus = text }, Judge = text, Upcycle = experts };
        AssertRefused(() => new Characterization(config, new RunFolder(Path.Combine(_folder, "run"))).Run(TinyModel.Machine, "test", cancellation: TestContext.Current.CancellationToken));
        AssertRefused(() => UpcycleRun.Run(new UpcycleRequest { Model = Model, Output = Path.Combine(_folder, "new"), Options = experts, Judge = TinyModel.Text() }, TinyModel.Machine, cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(["model", "text.txt"], Directory.GetFileSystemEntries(_folder).Select(Path.GetFileName).Order());

        void AssertRefused(Action run)
        {
            string message = Assert.Throws<ConfigurationException>(run).Message;
            Assert.StartsWith($"'{Model}'", message, StringComparison.Ordinal);
            Assert.Contains("BertForMaskedLM", message, StringComparison.Ordinal);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Model => Path.Combine(_folder, "model");

    private static long[] Line(int count) => [.. Enumerable.Range(0, count).Select(i => 5L + (i % 50))];

    private (TokenMasking Masking, IDisposable[] Owned) Masking(long seed = 1)
    {
        if (!Directory.Exists(Model))
        {
            TinyEncoder.SaveDense(Model);
        }

        TextTokenizer tokenizer = TextTokenizer.Load(Model);
        MoeTransformer model = MoeTransformer.Load(Model);
        return (TokenMasking.Of(model, tokenizer, seed)!, [tokenizer, model]);
    }
}

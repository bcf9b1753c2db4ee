using System.Text.Json;
using Switchyard.Models.Generation;
using Switchyard.Models.Tokenizers;
using static TorchSharp.torch;

namespace Switchyard.Models.Tests.Generation;

public sealed class TextGeneratorTests
{
    [Fact]
    public async Task A_trained_model_continues_its_prompts_as_recorded()
    {
        string? folder = Golden.Folder("models/trained-qwen3_moe");
        Assert.SkipWhen(folder is null, "no trained reference model found");
        using TextGenerator generator = TextGenerator.Load(folder);
        JsonElement golden = JsonSerializer.Deserialize<JsonElement>(await File.ReadAllTextAsync(Path.Combine(folder, "golden.json"), TestContext.Current.CancellationToken));
        foreach (JsonElement recorded in golden.GetProperty("greedy").EnumerateArray())
        {
            int clear = recorded.GetProperty("firstCloseCall") is { ValueKind: JsonValueKind.Number } close ? close.GetInt32() : int.MaxValue;
            int[] expected = [.. Ids(recorded, "ids").Take(clear)];
            GenerationOptions options = new() { MaxTokens = expected.Length, IgnoreEndTokens = true };

            List<GeneratedToken> tokens = await All(generator, Ids(recorded, "promptIds"), options);

            Assert.Equal(expected, tokens.Select(t => t.Id));
            Assert.Equal(generator.Tokenizer.Decode(expected), string.Concat(tokens.Select(t => t.Text)));
            Assert.Equal(FinishReason.Length, tokens[^1].Finish);
        }
    }

    [Fact]
    public async Task Each_token_is_the_one_that_recomputing_everything_gives()
    {
        using MoeTransformer model = new(new MoeTransformerOptions { InitialDeviation = 0.5 });
        using ByteTokenizer tokenizer = new();
        using TextGenerator generator = new(model, tokenizer);
        int[] prompt = tokenizer.Encode("The router");
        List<GeneratedToken> tokens = await All(generator, prompt, new GenerationOptions { MaxTokens = 24, IgnoreEndTokens = true, RecordRouting = true });

        List<long> text = [.. prompt];
        foreach (GeneratedToken token in tokens)
        {
            using var scope = NewDisposeScope();
            using var quiet = no_grad();
            Tensor logits = model.Run(tensor(text.ToArray(), [1, text.Count])).Logits;
            Assert.Equal(logits[0, -1].argmax().item<long>(), token.Id);
            Assert.Equal(model.MoeLayers.Count, token.Experts.Count);
            Assert.All(token.Experts, e => Assert.InRange(e, 0, model.Options.Experts - 1));
            text.Add(token.Id);
        }
    }

    [Fact]
    public async Task End_tokens_stop_strings_and_a_full_context_end_a_text()
    {
        using MoeTransformer model = new(new MoeTransformerOptions { SequenceLength = 16, InitialDeviation = 0.5 });
        using ByteTokenizer tokenizer = new();
        using TextGenerator free = new(model, tokenizer, []);
        List<GeneratedToken> full = await All(free, tokenizer.Encode("abcdefgh"), new GenerationOptions { MaxTokens = 100 });
        Assert.Equal(9, full.Count);
        Assert.Equal(FinishReason.Length, full[^1].Finish);

        using TextGenerator ended = new(model, tokenizer, [full[3].Id]);
        List<GeneratedToken> shorter = await All(ended, tokenizer.Encode("abcdefgh"), new GenerationOptions());
        Assert.Equal(FinishReason.EndToken, shorter[^1].Finish);
        Assert.Equal(full.FindIndex(t => t.Id == full[3].Id) + 1, shorter.Count);

        Assert.Throws<ArgumentException>(() => free.ContinueAsync(string.Empty, cancellation: TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<ArgumentException>(() => All(free, new int[17], new GenerationOptions()));
    }

    private static async Task<List<GeneratedToken>> All(TextGenerator generator, IReadOnlyList<int> prompt, GenerationOptions options)
    {
        List<GeneratedToken> tokens = [];
        await foreach (GeneratedToken token in generator.ContinueAsync(prompt, options, TestContext.Current.CancellationToken))
        {
            tokens.Add(token);
        }

        return tokens;
    }

    private static int[] Ids(JsonElement recorded, string key) => [.. recorded.GetProperty(key).EnumerateArray().Select(e => e.GetInt32())];
}

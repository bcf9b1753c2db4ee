using Switchyard.Models.Tokenizers;

namespace Switchyard.Models.Chat;

/// <summary>What a chat template is told beside the conversation.</summary>
public sealed record ChatTemplateOptions
{
    /// <summary>Whether the text ends where the assistant is to speak.</summary>
    public bool AddGenerationPrompt { get; init; } = true;

    /// <summary>The token that begins a text, <c>bos_token</c>; empty where there is none.</summary>
    public string BeginToken { get; init; } = string.Empty;

    /// <summary>The token that ends a text, <c>eos_token</c>; empty where there is none.</summary>
    public string EndToken { get; init; } = string.Empty;

    /// <summary>Further variables, such as <c>enable_thinking</c>: null, bool, int, long, float, double, string, sequences of these, or <see cref="IReadOnlyDictionary{TKey, TValue}"/> from strings to these. The conversation and the other options go before them.</summary>
    public IReadOnlyDictionary<string, object?> Variables { get; init; } = new Dictionary<string, object?>();

    /// <summary>What <c>strftime_now</c> reads.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The options with the tokens that begin and end a text of a tokenizer.</summary>
    public static ChatTemplateOptions Of(TextTokenizer tokenizer)
    {
        return new ChatTemplateOptions { BeginToken = Token(tokenizer.BeginId), EndToken = Token(tokenizer.EndId) };

        string Token(int? id) => id is int known ? tokenizer.TokenOf(known) ?? string.Empty : string.Empty;
    }
}

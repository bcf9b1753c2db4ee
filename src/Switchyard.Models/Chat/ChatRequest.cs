using Microsoft.Extensions.AI;
using Switchyard.Models.Generation;

namespace Switchyard.Models.Chat;

/// <summary>What a request asks for, in terms of generation. What cannot be met is refused.</summary>
internal static class ChatRequest
{
    /// <summary>The messages, instructions of the request first.</summary>
    public static IEnumerable<ChatMessage> Messages(IEnumerable<ChatMessage> messages, ChatOptions? options) =>
        options?.Instructions is { Length: > 0 } instructions ? messages.Prepend(new ChatMessage(ChatRole.System, instructions)) : messages;

    public static GenerationOptions Options(ChatOptions? options, GenerationOptions defaults)
    {
        if (options is null)
        {
            return defaults;
        }

        Refuse(options.Tools is { Count: > 0 }, nameof(options.Tools));
        Refuse(options.FrequencyPenalty is not (null or 0), nameof(options.FrequencyPenalty));
        Refuse(options.PresencePenalty is not (null or 0), nameof(options.PresencePenalty));
        Refuse(options.ResponseFormat is not (null or ChatResponseFormatText), nameof(options.ResponseFormat));
        Refuse(options.ConversationId is not null, nameof(options.ConversationId));
        SamplingOptions sampling = defaults.Sampling;
        return defaults with
        {
            MaxTokens = options.MaxOutputTokens ?? defaults.MaxTokens,
            StopStrings = options.StopSequences is { Count: > 0 } stops ? [.. stops] : defaults.StopStrings,
            Sampling = sampling with
            {
                Temperature = options.Temperature ?? sampling.Temperature,
                TopK = options.TopK ?? sampling.TopK,
                TopP = options.TopP ?? sampling.TopP,
                Seed = options.Seed ?? sampling.Seed,
            },
        };
    }

    private static void Refuse(bool asked, string option)
    {
        if (asked)
        {
            throw new NotSupportedException($"the option {option} is not supported; leave it out");
        }
    }
}

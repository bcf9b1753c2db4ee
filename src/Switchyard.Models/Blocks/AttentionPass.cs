using static TorchSharp.torch;

namespace Switchyard.Models.Blocks;

/// <summary>What the attention of every layer shares in one pass: where the tokens stand, what came before, and which tokens may see which.</summary>
/// <remarks>N new tokens follow <see cref="Start"/> cached ones; S = Start + N.</remarks>
public sealed class AttentionPass
{
    private readonly Tensor? _allowed;
    private readonly Tensor? _allowedInWindow;

    private AttentionPass(bool causal, long start, KeyValueCache? cache, Tensor? allowed, Tensor? allowedInWindow)
    {
        IsCausal = causal;
        Start = start;
        Cache = cache;
        _allowed = allowed;
        _allowedInWindow = allowedInWindow;
    }

    /// <summary>Causal attention over a whole sequence without padding.</summary>
    public static AttentionPass Causal { get; } = new(causal: true, 0, null, null, null);

    /// <summary>Whether a token sees none that come after it.</summary>
    public bool IsCausal { get; }

    /// <summary>Position of the first token.</summary>
    public long Start { get; }

    /// <summary>Keys and values of earlier tokens; null for none.</summary>
    public KeyValueCache? Cache { get; }

    /// <summary>Prepares a pass.</summary>
    /// <param name="tokens">N, new tokens of each sequence.</param>
    /// <param name="causal">Whether a token sees none that come after it.</param>
    /// <param name="window">Tokens, itself included, that a token sees in layers with a window; 0 for no such layers.</param>
    /// <param name="cache">Keys and values of earlier tokens.</param>
    /// <param name="mask">Which of all S tokens are real, [B, S] bool; null for all.</param>
    /// <param name="device">Where the model is.</param>
    /// <remarks>The masks belong to the caller's dispose scope.</remarks>
    public static AttentionPass Of(long tokens, bool causal, int window, KeyValueCache? cache, Tensor? mask, Device device)
    {
        long start = cache?.Length ?? 0;
        bool cut = window > 0 && start + tokens > window;
        return mask is null && start == 0 && !cut && cache is null && causal
            ? Causal
            : new AttentionPass(causal, start, cache, Allowed(tokens, start, causal, 0, mask, device), cut ? Allowed(tokens, start, causal, window, mask, device) : null);
    }

    /// <summary>Which keys each query sees, [B or 1, 1, N, S] or, for all queries alike, [B, 1, 1, S] bool; null where torch's own causal mask, or none, says the same.</summary>
    internal Tensor? Allowed(bool windowed) => windowed && _allowedInWindow is not null ? _allowedInWindow : _allowed;

    private static Tensor? Allowed(long tokens, long start, bool causal, int window, Tensor? mask, Device device)
    {
        bool order = causal && (window > 0 || ((start > 0 || mask is not null) && tokens > 1));
        if (!order && mask is null)
        {
            return null;
        }

        using var scope = NewDisposeScope();
        Tensor? allowed = mask?.unsqueeze(1).unsqueeze(1);
        if (order)
        {
            Tensor query = arange(Held(start), Held(start + tokens), ScalarType.Int64, device).unsqueeze(1);
            Tensor key = arange(Held(start + tokens), ScalarType.Int64, device).unsqueeze(0);
            Tensor before = key.le(query);
            before = (window > 0 ? before.logical_and(key.gt(query - Held(window))) : before).unsqueeze(0).unsqueeze(0);
            allowed = allowed is null ? before : allowed.logical_and(before);
        }

        // A query that sees nothing, as in padding on the left, would be NaN; it means nothing, so it may see everything.
        allowed = allowed!.logical_or(allowed.any(-1, keepdim: true).logical_not());
        return allowed.MoveToOuterDisposeScope();
    }
}

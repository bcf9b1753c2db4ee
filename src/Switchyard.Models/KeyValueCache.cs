using static TorchSharp.torch;

namespace Switchyard.Models;

/// <summary>Keys and values of the tokens that a model has seen, so that what follows is computed from the new tokens alone. The caller owns it and gives it to one pass after another; no gradient flows through it.</summary>
/// <remarks>
/// A layer of grouped-query attention keeps [B, key heads, S, D] twice, one of latent attention [B, 1, S, r + o] once. The memory grows by doubling, up to what the model allows;
/// a capacity given at the start avoids that. It is not safe for use by several threads.
/// </remarks>
public sealed class KeyValueCache : IDisposable
{
    private const long FirstCapacity = 64;
    private readonly Tensor?[] _keys;
    private readonly Tensor?[] _values;
    private readonly long _longest;
    private long _capacity;
    private Tensor? _mask;
    private bool _disposed;

    /// <summary>Makes an empty cache.</summary>
    /// <param name="options">Options of the model that it is for.</param>
    /// <param name="capacity">Tokens to make room for at once; 0 to grow as needed.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is negative or more than the model allows.</exception>
    /// <exception cref="ArgumentException">The model is an encoder, whose tokens see those that come later.</exception>
    public KeyValueCache(MoeTransformerOptions options, int capacity = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacity);
        _longest = options.RotaryScaling is { Kind: Blocks.RotaryScalingKind.Dynamic } ? options.SequenceLength : options.LongestSequence;
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, _longest);
        if (options.Encoder is not null)
        {
            throw new ArgumentException("an encoder has no cache: its tokens see those that come later", nameof(options));
        }

        _keys = new Tensor?[options.Layers];
        _values = new Tensor?[options.Layers];
        _capacity = capacity;
    }

    /// <summary>Tokens of each sequence that are held.</summary>
    public long Length { get; private set; }

    /// <summary>Tokens of each sequence that can be held. With dynamic RoPE scaling these are the original positions: beyond them every token would turn all keys anew.</summary>
    public long Longest => _longest;

    /// <summary>Sequences; 0 while nothing is held.</summary>
    public long Batch { get; private set; }

    /// <summary>Bytes of keys and values, room to grow included.</summary>
    public long ByteSize => _keys.Concat(_values).Sum(t => t is null ? 0 : t.numel() * t.element_size());

    /// <summary>Forgets the tokens from a position on; the next pass continues there.</summary>
    /// <param name="length">Tokens to keep.</param>
    /// <exception cref="ArgumentOutOfRangeException">It is negative or more than are held.</exception>
    public void Truncate(long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        Length = length;
        if (length == 0)
        {
            Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Release();
        _disposed = true;
    }

    /// <summary>Prepares for N new tokens of B sequences, and says which of all S = Length + N tokens are real, [B, S] bool, null for all.</summary>
    internal Tensor? Begin(long batch, long tokens, Tensor? mask)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (Length > 0 && batch != Batch)
        {
            throw new ArgumentException($"the cache holds {Batch} sequences; the tokens are of {batch}", nameof(batch));
        }

        if (Length + tokens > _longest)
        {
            throw new ArgumentException($"{Length} cached and {tokens} new tokens; with a cache the model allows {_longest}", nameof(tokens));
        }

        Batch = batch;
        if (mask is null && _mask is null)
        {
            return null;
        }

        using var scope = NewDisposeScope();
        Tensor before = _mask?.narrow(1, 0, Length) ?? ones(batch, Length, ScalarType.Bool, mask!.device);
        Tensor whole = cat([before, mask?.to(ScalarType.Bool) ?? ones(batch, tokens, ScalarType.Bool, before.device)], 1).DetachFromDisposeScope();
        _mask?.Dispose();
        _mask = whole;
        return whole;
    }

    /// <summary>Counts the tokens that every layer has added.</summary>
    internal void End(long tokens) => Length += tokens;

    /// <summary>Keeps a layer's new keys [B, heads, N, D] and returns all of them, [B, heads, S, D], a view.</summary>
    internal Tensor Keys(int layer, Tensor added) => Append(ref _keys[layer], added);

    /// <summary>Keeps a layer's new values, as <see cref="Keys"/>.</summary>
    internal Tensor Values(int layer, Tensor added) => Append(ref _values[layer], added);

    private Tensor Append(ref Tensor? kept, Tensor added)
    {
        using var quiet = no_grad();
        long length = Length + added.size(2);
        if (length > _capacity)
        {
            _capacity = Math.Min(_longest, Math.Max(FirstCapacity, Math.Max(length, 2 * _capacity)));
        }

        if (kept is null || kept.size(2) < length)
        {
            Tensor larger = empty([added.size(0), added.size(1), _capacity, added.size(3)], added.dtype, added.device).DetachFromDisposeScope();
            if (kept is not null)
            {
                using Tensor old = kept.narrow(2, 0, Length);
                using Tensor place = larger.narrow(2, 0, Length);
                place.copy_(old);
                kept.Dispose();
            }

            kept = larger;
        }

        using Tensor target = kept.narrow(2, Length, added.size(2));
        target.copy_(added);
        return kept.narrow(2, 0, length);
    }

    private void Release()
    {
        foreach (Tensor? tensor in _keys.Concat(_values))
        {
            tensor?.Dispose();
        }

        Array.Clear(_keys);
        Array.Clear(_values);
        _mask?.Dispose();
        _mask = null;
        Length = 0;
        Batch = 0;
    }
}

namespace Switchyard.Experts.Caching;

/// <summary>
/// Which items are worth least: a use counts 1 and half as much after each half-life, and an item's worth is the sum over its uses, C(t) = Σ ½^((t − t_use)/H)
/// (LRFU: Lee, Choi, Kim, Noh, Min, Cho and Kim 2001). A short half-life is least-recently-used, a long one least-frequently-used.
/// </summary>
/// <remarks>All worths fade alike, so their order does not change between uses: log2 C(t) + t/H is kept, which only a use changes. Uses of items that have left count on.</remarks>
internal sealed class UseOrder
{
    private readonly double _halfLife;
    private readonly double[] _keys;
    private long _time;

    /// <summary>Items without a use.</summary>
    /// <param name="items">How many.</param>
    /// <param name="halfLife">H, in steps of <see cref="Step"/>.</param>
    public UseOrder(int items, double halfLife)
    {
        _halfLife = halfLife;
        _keys = new double[items];
        Array.Fill(_keys, double.NegativeInfinity);
    }

    /// <summary>Lets time pass.</summary>
    public void Step() => _time++;

    /// <summary>Uses an item now.</summary>
    public void Use(int item)
    {
        double now = _time / _halfLife;
        _keys[item] = now + Math.Log2(1 + Math.Pow(2, _keys[item] - now));
    }

    /// <summary>A number that is larger for the item that is worth more.</summary>
    public double KeyOf(int item) => _keys[item];
}

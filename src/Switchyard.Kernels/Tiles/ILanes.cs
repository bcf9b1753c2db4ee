namespace Switchyard.Kernels.Tiles;

/// <summary>The vector operations of the portable kernels, at one width.</summary>
/// <typeparam name="TVector">The vector.</typeparam>
internal unsafe interface ILanes<TVector>
{
    static abstract int Count { get; }

    static abstract TVector Zero { get; }

    static abstract TVector Load(float* address);

    static abstract TVector Broadcast(float value);

    /// <summary>left · right + addend, rounded once where the processor can.</summary>
    static abstract TVector MultiplyAdd(TVector left, TVector right, TVector addend);

    static abstract TVector Add(TVector left, TVector right);

    static abstract TVector Subtract(TVector left, TVector right);

    static abstract TVector Multiply(TVector left, TVector right);

    static abstract TVector Divide(TVector left, TVector right);

    static abstract TVector Min(TVector left, TVector right);

    static abstract TVector Max(TVector left, TVector right);

    /// <summary><paramref name="positive"/> where <paramref name="value"/> &gt; 0, else <paramref name="other"/>.</summary>
    static abstract TVector WherePositive(TVector value, TVector positive, TVector other);

    /// <summary>The bits moved up by 23, from the mantissa into the exponent.</summary>
    static abstract TVector MantissaToExponent(TVector value);

    /// <summary>The bf16 in the low half of each lane, widened.</summary>
    static abstract TVector LowHalf(TVector value);

    /// <summary>The bf16 in the high half of each lane, widened.</summary>
    static abstract TVector HighHalf(TVector value);

    /// <summary>The sum of all lanes.</summary>
    static abstract float Sum(TVector value);

    static abstract void Store(TVector value, float* address);
}

namespace Switchyard.Kernels.Tiles;

/// <summary>What a portable tile does with an element of A and one of B.</summary>
/// <typeparam name="TVector">The vector.</typeparam>
internal interface IDot<TVector>
{
    /// <summary>sum + a · b, element by element.</summary>
    static abstract TVector Add(TVector a, TVector b, TVector sum);
}

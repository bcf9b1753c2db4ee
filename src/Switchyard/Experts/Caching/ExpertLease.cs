namespace Switchyard.Experts.Caching;

/// <summary>Experts that stay in memory until this is disposed.</summary>
internal sealed class ExpertLease(ExpertCache cache, ExpertSlot[] slots, LoadedExpert[] experts) : IDisposable
{
    private ExpertSlot[] _slots = slots;

    /// <summary>The experts, in the order in which they were asked for.</summary>
    public IReadOnlyList<LoadedExpert> Experts { get; } = experts;

    public void Dispose()
    {
        cache.Release(_slots);
        _slots = [];
    }
}

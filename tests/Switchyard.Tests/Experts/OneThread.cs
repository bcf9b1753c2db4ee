using static TorchSharp.torch;

namespace Switchyard.Tests.Experts;

/// <summary>Runs the tests of a class on one torch thread: thousands of small operations gain nothing from a second one, and on a busy machine wait for it.</summary>
public sealed class OneThread : IDisposable
{
    private readonly int _threads = get_num_threads();

    public OneThread() => set_num_threads(1);

    public void Dispose() => set_num_threads(_threads);
}

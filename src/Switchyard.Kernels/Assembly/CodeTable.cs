namespace Switchyard.Kernels.Assembly;

/// <summary>Kernels of one engine by number, each assembled when it is first asked for and kept.</summary>
/// <param name="size">Numbers there are.</param>
internal sealed class CodeTable(int size) : IDisposable
{
    private readonly nint[] _entries = new nint[size];
    private readonly List<ExecutableMemory> _code = [];
    private readonly Lock _lock = new();
    private volatile bool _refused;

    /// <summary>Whether the operating system has refused executable pages; then no entry is made any more.</summary>
    public bool IsRefused => _refused;

    /// <summary>Where a kernel begins; 0 where it may not be assembled.</summary>
    /// <param name="index">Its number.</param>
    /// <param name="shape">What it is generated from.</param>
    /// <param name="generate">The generator.</param>
    public nint Entry<TShape>(int index, TShape shape, Func<TShape, byte[]> generate)
    {
        nint entry = Volatile.Read(ref _entries[index]);
        return entry != 0 ? entry : Assemble(index, shape, generate);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            Array.Clear(_entries);
            foreach (ExecutableMemory memory in _code)
                memory.Dispose();
            _code.Clear();
        }
    }

    private nint Assemble<TShape>(int index, TShape shape, Func<TShape, byte[]> generate)
    {
        lock (_lock)
        {
            if (_entries[index] != 0 || _refused)
                return _entries[index];
            ExecutableMemory? memory = ExecutableMemory.TryMap(generate(shape));
            if (memory is null)
            {
                _refused = true;
                return 0;
            }
            _code.Add(memory);
            Volatile.Write(ref _entries[index], memory.Address);
            return memory.Address;
        }
    }
}

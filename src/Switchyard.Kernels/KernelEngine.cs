using Switchyard.Kernels.Memory;
using Switchyard.Kernels.Streams;
using Switchyard.Kernels.Teams;
using Switchyard.Kernels.Tiles;

namespace Switchyard.Kernels;

/// <summary>
/// What every kernel call needs: the threads, the tile kernels and working memory. Make one for the life of a process, or
/// take <see cref="Default"/>. Calls from several threads are served one after the other.
/// </summary>
public sealed class KernelEngine : IDisposable
{
    private static readonly Lazy<KernelEngine> s_default = new(() => new KernelEngine(KernelOptions.FromEnvironment()));
    private bool _disposed;

    /// <summary>An engine of its own threads and memory.</summary>
    /// <param name="options">What it may use.</param>
    public KernelEngine(KernelOptions options)
    {
        Options = options;
        Tiles = new TileKernels(options);
        Rows = new RowKernels(options);
        Team = new ThreadTeam(options.Threads) { AloneBelow = options.AloneBelow };
        Scratch = new NativeBuffer[options.Threads];
        for (int i = 0; i < Scratch.Length; i++)
            Scratch[i] = new NativeBuffer();
    }

    /// <summary>The engine of the process, made when first asked for with <see cref="KernelOptions.FromEnvironment"/>.</summary>
    public static KernelEngine Default => s_default.Value;

    /// <summary>What it was made with.</summary>
    public KernelOptions Options { get; }

    /// <summary>Threads that work on a call, the caller among them.</summary>
    public int Threads => Options.Threads;

    /// <summary>The instructions in use: <see cref="InstructionSet.Portable"/> where no code is assembled.</summary>
    public InstructionSet InstructionSet => Tiles.InstructionSet;

    /// <summary>Whether products of an arithmetic run on an instruction made for them; elsewhere they are right, and slow.</summary>
    public bool IsAssembled(Arithmetic arithmetic) => Tiles.IsAssembled(arithmetic);

    internal TileKernels Tiles { get; }

    internal RowKernels Rows { get; }

    internal ThreadTeam Team { get; }

    /// <summary>Held during a call.</summary>
    internal Lock Gate { get; } = new();

    /// <summary>Working memory of each thread.</summary>
    internal NativeBuffer[] Scratch { get; }

    /// <summary>Working memory shared by the threads of a call.</summary>
    internal NativeBuffer[] Shared { get; } = [new(), new(), new(), new(), new()];

    /// <summary>Gives the working memory back; the next call takes it anew.</summary>
    public void Trim()
    {
        lock (Gate)
        {
            foreach (NativeBuffer buffer in Scratch)
                buffer.Dispose();
            foreach (NativeBuffer buffer in Shared)
                buffer.Dispose();
        }
    }

    /// <summary>Ends the threads and frees code and memory. No call may be under way.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        Team.Dispose();
        Trim();
        Tiles.Dispose();
        Rows.Dispose();
    }
}

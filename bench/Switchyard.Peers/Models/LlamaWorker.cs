using System.Runtime.InteropServices;
using LLama;
using LLama.Common;
using LLama.Native;

namespace Switchyard.Peers.Models;

/// <summary>A GGUF file through llama.cpp, as LLamaSharp brings it.</summary>
internal sealed class LlamaWorker : IModelWorker
{
    private readonly LLamaWeights _weights;
    private readonly LLamaContext _context;
    private readonly LLamaBatch _batch = new();
    private readonly bool _allLogits;
    private int _position;

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Threads and types.</param>
    public LlamaWorker(string path, WorkerOptions options)
    {
        NativeLibraryConfig.All.WithLogCallback((_, _) => { });
        _allLogits = options.AllLogits;
        ModelParams parameters = new(path)
        {
            ContextSize = (uint)options.Context,
            BatchSize = (uint)options.Context,
            Threads = options.Threads,
            BatchThreads = options.Threads,
            GpuLayerCount = 0,
            // Read at once, into memory of its own: no page comes from the file while something is timed.
            LoadMode = LLamaLoadMode.None,
        };
        _weights = LLamaWeights.LoadFromFile(parameters);
        _context = _weights.CreateContext(parameters);
        Description = $"llama.cpp: {Marshal.PtrToStringUTF8(NativeApi.llama_print_system_info())?.Trim()}";
    }

    public string Description { get; }

    public float[] Prompt(int[] ids)
    {
        _context.NativeHandle.MemoryClear(true);
        _position = 0;
        return Run(ids);
    }

    public float[] Next(int id) => Run([id]);

    public void Dispose()
    {
        _context.Dispose();
        _weights.Dispose();
    }

    private float[] Run(int[] ids)
    {
        _batch.Clear();
        for (int i = 0; i < ids.Length; i++)
        {
            _batch.Add(ids[i], _position++, LLamaSeqId.Zero, _allLogits || i == ids.Length - 1);
        }

        DecodeResult result = _context.NativeHandle.Decode(_batch);
        return result == DecodeResult.Ok
            ? _context.NativeHandle.GetLogitsIth(ids.Length - 1).ToArray()
            : throw new InvalidOperationException($"llama.cpp says {result}");
    }
}

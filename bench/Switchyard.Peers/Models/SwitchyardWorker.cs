using Switchyard.Models;
using Switchyard.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace Switchyard.Peers.Models;

/// <summary>A checkpoint through Switchyard.</summary>
internal sealed class SwitchyardWorker : IModelWorker
{
    private readonly MoeTransformer _model;
    private readonly bool _allLogits;
    private KeyValueCache? _cache;

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="options">Threads and types.</param>
    public SwitchyardWorker(string folder, WorkerOptions options)
    {
        OpenMp.SleepBetweenRegions();
        LargeBlocks.Keep();
        LibTorch.Load();
        set_num_threads(options.Threads);
        _allLogits = options.AllLogits;
        _model = MoeTransformer.Load(folder, new ModelLoadOptions { ComputeType = options.Compute is "bf16" ? ScalarType.BFloat16 : ScalarType.Float32, Arithmetic = options.Arithmetic });
        Description = $"Switchyard, products in {options.Compute}{(options.Arithmetic is { } arithmetic ? $", of experts in {arithmetic.ToString().ToLowerInvariant()}" : string.Empty)}";
    }

    public string Description { get; }

    public float[] Prompt(int[] ids)
    {
        _cache?.Dispose();
        _cache = _model.NewCache();
        return Run(ids);
    }

    public float[] Next(int id) => Run([id]);

    public void Dispose()
    {
        _cache?.Dispose();
        _model.Dispose();
    }

    private float[] Run(int[] ids)
    {
        using DisposeScope scope = NewDisposeScope();
        using var quiet = no_grad();
        Tensor input = tensor(Array.ConvertAll(ids, id => (long)id), [1, ids.Length]);
        Tensor logits = _model.Run(new TransformerInput(input) { Cache = _cache, LastLogitsOnly = !_allLogits }).Logits;
        return logits[0, -1].data<float>().ToArray();
    }
}

using System.Runtime.InteropServices;
using Switchyard.Dispatch;
using Switchyard.Experts;
using Switchyard.Kernels;
using Switchyard.Kernels.Storage;
using Switchyard.Selection;
using static TorchSharp.torch;

namespace Switchyard.Tests.Experts;

public sealed unsafe class StoredExpertsTests
{
    private const int E = 6, D = 64, F = 32, K = 2;
    private static readonly ExpertOptions Sizes = new() { Experts = E, HiddenSize = D, InnerSize = F };

    public static TheoryData<string, string> StoragesAndExecutors()
    {
        TheoryData<string, string> data = [];
        foreach (string storage in (string[])["fp32", "bf16", "fp16", "fp8", "int8", "int4"])
        {
            foreach (string executor in Executors.All.Names)
            {
                data.Add(storage, executor);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(StoragesAndExecutors))]
    public void Every_executor_gives_the_outputs_and_gradients_of_the_widened_experts(string storage, string executor)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        using StoredMemory memory = new();
        using ExpertWeights stored = new(memory.Make(storage)), widened = Widened(stored.Stored!);
        foreach (int tokens in (int[])[1, 7, 90])
        {
            Tensor x = randn(tokens, D), w = rand(tokens, K), dy = randn(tokens, D);
            Tensor chosen = rand(tokens, E).topk(K, 1).indexes;
            (Tensor y, Tensor dx, Tensor dw) = Run(executor, stored, x, w, dy, chosen);
            (Tensor expected, Tensor expectedDx, Tensor expectedDw) = Run("sequential", widened, x, w, dy, chosen);
            Near.AssertClose(y, expected, 1e-5, $"{storage}, {executor}, T = {tokens}: y");
            Near.AssertClose(dx, expectedDx, 1e-5, $"{storage}, {executor}, T = {tokens}: dx");
            Near.AssertClose(dw, expectedDw, 1e-5, $"{storage}, {executor}, T = {tokens}: dw");
        }
    }

    [Theory]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16)]
    public void Frozen_parameters_of_sixteen_bits_are_read_where_they_lie(ScalarType type)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(4);
        using ExpertWeights narrow = new(Sizes, 0.3, type), wide = new(Sizes);
        Copy(narrow, wide);
        foreach (var parameter in narrow.parameters())
        {
            parameter.requires_grad_(false);
        }

        Tensor x = randn(40, D), w = rand(40, K), dy = randn(40, D), chosen = rand(40, E).topk(K, 1).indexes;
        (Tensor y, Tensor dx, _) = Run("grouped", narrow, x, w, dy, chosen);
        (Tensor expected, Tensor expectedDx, _) = Run("sequential", wide, x, w, dy, chosen);
        Near.AssertClose(y, expected, 1e-5);
        Near.AssertClose(dx, expectedDx, 1e-5);
    }

    [Fact]
    public void Bf16_arithmetic_where_there_is_an_instruction_is_nearer_than_torch_in_bf16()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(5);
        using ExpertWeights narrow = new(Sizes, 0.3, ScalarType.BFloat16), wide = new(Sizes);
        Copy(narrow, wide);
        Tensor x = randn(90, D).bfloat16(), w = rand(90, K), chosen = rand(90, E).topk(K, 1).indexes;
        using var quiet = no_grad();
        DispatchedTokens plain = Dispatched(x.@float(), w, chosen), halves = Dispatched(x, w, chosen);
        Tensor exact = Executors.All.Get("sequential").Create(new ExecutorOptions()).Run(plain, wide);
        Tensor torchs = Executors.All.Get("sequential").Create(new ExecutorOptions()).Run(halves, narrow).@float();
        Tensor ours = Executors.All.Get("grouped").Create(new ExecutorOptions()).Run(halves, narrow).@float();
        double Error(Tensor y) => ((y - exact).norm() / exact.norm()).item<float>();
        Assert.InRange(Error(ours), 0, Error(torchs));
        Assert.InRange(Error(torchs), 0, 0.02);
    }

    [Fact]
    public void An_arithmetic_without_an_instruction_is_refused()
    {
        using var scope = NewDisposeScope();
        using ExpertWeights weights = new(Sizes);
        Tensor x = randn(20, D), w = rand(20, K), chosen = rand(20, E).topk(K, 1).indexes;
        ExpertExecutor executor = Executors.All.Get("grouped").Create(new ExecutorOptions { Arithmetic = Arithmetic.Bf16 });
        using KernelEngine engine = new(KernelOptions.FromEnvironment() with { Threads = 1 });
        if (engine.IsAssembled(Arithmetic.Bf16))
        {
            using var quiet = no_grad();
            Tensor exact = Executors.All.Get("grouped").Create(new ExecutorOptions()).Run(Dispatched(x, w, chosen), weights);
            Near.AssertClose(executor.Run(Dispatched(x, w, chosen), weights), exact, 1.0 / 128);
        }
        else
        {
            Assert.Contains("no instruction", Assert.Throws<ConfigurationException>(() => executor.Run(Dispatched(x, w, chosen), weights)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Stored_experts_have_sizes_bytes_and_no_parameters()
    {
        using StoredMemory memory = new();
        using ExpertWeights weights = new(memory.Make("int4"));
        Assert.Empty(weights.parameters());
        Assert.Equal(3L * E * D * F, weights.ParameterCount);
        Assert.Equal((3L * E * D * F / 2) + (3L * E * D * F / 32 * 4), weights.Stored!.Bytes);
        Assert.Contains("int4", Assert.Throws<InvalidOperationException>(() => weights.GateUp).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_layer_refuses_stored_experts_of_other_sizes()
    {
        using StoredMemory memory = new();
        using StoredExperts experts = memory.Make("bf16");
        MoeLayerOptions options = new() { HiddenSize = D, Experts = E + 1, TopK = K, InnerSize = F };
        Assert.Throws<ConfigurationException>(() => new MoeLayer(options, storedExperts: experts));
        using MoeLayer layer = new(options with { Experts = E }, storedExperts: experts);
        using var scope = NewDisposeScope();
        Assert.Equal([3, D], layer.forward(randn(3, D)).shape);
    }

    private static (Tensor Y, Tensor Dx, Tensor Dw) Run(string executor, ExpertWeights experts, Tensor x, Tensor w, Tensor dy, Tensor chosen)
    {
        Tensor tokens = x.clone().requires_grad_(), weights = w.clone().requires_grad_();
        Tensor y = Executors.All.Get(executor).Create(new ExecutorOptions()).Run(Dispatched(tokens, weights, chosen), experts);
        y.backward([dy]);
        return (y, tokens.grad!, weights.grad!);
    }

    private static DispatchedTokens Dispatched(Tensor x, Tensor w, Tensor chosen) => new LocalDispatcher().Dispatch(x, new Assignment(chosen, w), E);

    private static void Copy(ExpertWeights from, ExpertWeights to)
    {
        using var quiet = no_grad();
        to.GateUp.copy_(from.GateUp);
        to.Down.copy_(from.Down);
    }

    private static ExpertWeights Widened(StoredExperts stored)
    {
        ExpertWeights weights = new(stored.Options);
        using var quiet = no_grad();
        Fill(weights.GateUp, stored.GateUp);
        Fill(weights.Down, stored.Down);
        return weights;

        static void Fill(Tensor target, IReadOnlyList<StoredMatrix> matrices)
        {
            for (int e = 0; e < matrices.Count; e++)
            {
                float[] values = new float[matrices[e].Rows * matrices[e].Columns];
                fixed (float* at = values)
                {
                    matrices[e].Widen(at);
                }

                target[e].copy_(tensor(values).view(matrices[e].Rows, matrices[e].Columns));
            }
        }
    }

    /// <summary>Random experts in native memory.</summary>
    private sealed class StoredMemory : IDisposable
    {
        private readonly List<nint> _owned = [];
        private readonly Random _random = new(1);

        public StoredExperts Make(string storage) => new(
            Sizes,
            [.. Enumerable.Range(0, E).Select(_ => StoredMatrix.Stack(Matrix(storage, F, D), Matrix(storage, F, D)))],
            [.. Enumerable.Range(0, E).Select(_ => Matrix(storage, D, F))],
            storage);

        public void Dispose() => _owned.ForEach(p => NativeMemory.Free((void*)p));

        private StoredMatrix Matrix(string storage, int rows, int columns)
        {
            int count = rows * columns;
            byte* values = (byte*)Take(count * 4);
            float* scales = (float*)Take(count * 4);
            for (int i = 0; i < count; i++)
            {
                float value = _random.NextSingle() - 0.5f;
                scales[i] = 0.01f + (_random.NextSingle() * 0.02f);
                switch (storage)
                {
                    case "fp32": ((float*)values)[i] = value; break;
                    case "bf16": ((ushort*)values)[i] = (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16); break;
                    case "fp16": ((Half*)values)[i] = (Half)value; break;
                    case "fp8": values[i] = (byte)((_random.Next(2) * 128) | (0x20 + _random.Next(0x30))); break;
                    default: values[i] = (byte)_random.Next(256); break;
                }
            }

            return storage switch
            {
                "fp32" => new Float32Matrix((float*)values, rows, columns),
                "bf16" => new BFloat16Matrix((ushort*)values, rows, columns),
                "fp16" => new Float16Matrix((Half*)values, rows, columns),
                "fp8" => new Float8Matrix(values, scales, rows, columns),
                "int8" => new Int8Matrix((sbyte*)values, scales, rows, columns, 32),
                _ => new Int4Matrix(values, scales, rows, columns, 32),
            };
        }

        private void* Take(int bytes)
        {
            void* memory = NativeMemory.Alloc((nuint)bytes);
            _owned.Add((nint)memory);
            return memory;
        }
    }
}

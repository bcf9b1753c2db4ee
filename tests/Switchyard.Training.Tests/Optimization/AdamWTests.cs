using Switchyard.Training.Optimization;
using static TorchSharp.torch;
using AdamW = Switchyard.Training.Optimization.AdamW;
using Parameter = TorchSharp.Modules.Parameter;

namespace Switchyard.Training.Tests.Optimization;

public sealed class AdamWTests
{
    public static TheoryData<string> Files => Golden.Files("optim", "*adamw*.safetensors");

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_step_gives_the_reference_parameters_and_norms(string file)
    {
        GoldenFile golden = Golden.Open("optim", file);
        using var scope = NewDisposeScope();
        int count = golden.Names.Count(n => n.StartsWith("initial.", StringComparison.Ordinal));
        int steps = golden.Names.Count(n => n.StartsWith("norm.", StringComparison.Ordinal));
        double[] betas = [.. golden.Metadata["betas"].Split(',').Select(double.Parse)];
        double rate = golden.Double("lr");
        Parameter[] parameters = [.. Enumerable.Range(0, count).Select(i => new Parameter(golden.Tensor($"initial.{i}")))];
        using AdamW optimizer = new(parameters.Select((p, i) => ($"p{i}", p)), new AdamWOptions
        {
            Beta1 = betas[0],
            Beta2 = betas[1],
            Epsilon = golden.Double("eps"),
            ClipNorm = golden.Double("clip"),
            WeightDecay = 0.1,
        });
        Assert.Contains("0.1 on tensor 0, none on tensor 1", golden.Metadata["weight_decay"], StringComparison.Ordinal);

        for (int step = 0; step < steps; step++)
        {
            for (int i = 0; i < count; i++)
            {
                parameters[i].grad = golden.Tensor($"grad.{step}.{i}");
            }

            double norm = optimizer.GradientNorm();
            Assert.Equal(golden.Tensor($"norm.{step}").item<float>(), norm, 1e-4 * norm);
            optimizer.Step(rate, norm);
            for (int i = 0; i < count; i++)
            {
                Near.AssertClose(parameters[i], golden.Tensor($"param.{step}.{i}"), 2e-6, $"parameter {i} after step {step}");
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(65_536)]
    [InlineData(200_003)]
    public void The_fused_step_equals_torch_operations(int size)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        Tensor initial = randn(2, size);
        Parameter fused = new(initial.clone());
        Parameter strided = new(initial.t().contiguous().t());
        using AdamW a = new([("p", fused)], new AdamWOptions());
        using AdamW b = new([("p", strided)], new AdamWOptions());
        Assert.Equal(size == 1, strided.is_contiguous());

        for (int step = 0; step < 3; step++)
        {
            Tensor gradient = randn(2, size);
            fused.grad = gradient.clone();
            strided.grad = gradient.clone();
            double norm = a.GradientNorm();
            Assert.Equal(gradient.norm().item<float>(), norm, 1e-4 * norm);
            a.Step(1e-2, norm);
            b.Step(1e-2, b.GradientNorm());
        }

        Near.AssertClose(fused, strided, 1e-5);
    }

    [Fact]
    public void A_step_gives_the_same_bits_at_any_thread_count()
    {
        using var scope = NewDisposeScope();
        int threads = get_num_threads();
        List<float[]> results = [];
        try
        {
            foreach (int n in new[] { 1, 2, 3 })
            {
                set_num_threads(n);
                random.manual_seed(5);
                Parameter parameter = new(randn(400, 1000));
                using AdamW optimizer = new([("p", parameter)], new AdamWOptions());
                parameter.grad = randn(400, 1000);
                optimizer.Step(1e-2, optimizer.GradientNorm());
                results.Add(parameter.data<float>().ToArray());
            }
        }
        finally
        {
            set_num_threads(threads);
        }

        Assert.Equal(results[0], results[1]);
        Assert.Equal(results[0], results[2]);
    }

    [Fact]
    public void A_gradient_that_is_not_finite_shows_in_the_norm()
    {
        using var scope = NewDisposeScope();
        Parameter parameter = new(ones(100));
        using AdamW optimizer = new([("p", parameter)], new AdamWOptions());
        parameter.grad = ones(100);
        parameter.grad![50] = float.NaN;

        Assert.False(double.IsFinite(optimizer.GradientNorm()));
    }
}

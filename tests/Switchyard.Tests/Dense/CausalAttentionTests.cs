using System.Diagnostics;
using Switchyard.Dense;
using static TorchSharp.torch;

namespace Switchyard.Tests.Dense;

public sealed class CausalAttentionTests
{
    private const double Tolerance = 5e-6;

    [Fact]
    public void Values_and_gradients_equal_torchs_in_double()
    {
        foreach ((long[] q, long keyHeads, long valueSize) in ((long[], long, long)[])[([1, 1, 1, 4], 1, 4), ([2, 37, 4, 16], 2, 16), ([1, 130, 6, 32], 1, 32), ([2, 50, 2, 24], 2, 9)])
        {
            using var scope = NewDisposeScope();
            random.manual_seed(1);
            Compare([randn(q), randn(q[0], q[1], keyHeads, q[3]), randn(q[0], q[1], keyHeads, valueSize)]);
        }
    }

    [Fact]
    public void Gradients_equal_central_differences()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(2);
        Tensor[] inputs = [randn(1, 9, 2, 5), randn(1, 9, 1, 5), randn(1, 9, 1, 3)];
        Tensor slope = randn(1, 9, 2, 3);
        Tensor[] leaves = [.. inputs.Select(i => i.clone().requires_grad_())];
        (DenseOperations.CausalAttention(leaves[0], leaves[1], leaves[2]) * slope).sum().backward();
        using var quiet = no_grad();
        for (int i = 0; i < inputs.Length; i++)
        {
            const double Step = 1e-2;
            Tensor direction = randn(inputs[i].shape);
            double expected = (leaves[i].grad! * direction).sum().item<float>();
            Assert.Equal(expected, (Loss(i, direction * Step) - Loss(i, direction * -Step)) / (2 * Step), 2e-3);
        }

        double Loss(int moved, Tensor by)
        {
            Tensor[] points = [.. inputs.Select((t, i) => i == moved ? t + by : t)];
            return (DenseOperations.CausalAttention(points[0], points[1], points[2]) * slope).to(ScalarType.Float64).sum().item<double>();
        }
    }

    [Fact]
    public void Views_of_any_strides_are_read_as_they_are()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(3);
        Tensor together = randn(2, 33, 3 * 4 * 8);
        Compare([.. together.chunk(3, -1).Select(t => t.view(2, 33, 4, 8))]);
        Compare([randn(2, 4, 20, 8).transpose(1, 2), randn(2, 8, 4, 20).permute(0, 3, 2, 1), randn(1, 20, 4, 8).expand(2, 20, 4, 8)]);
    }

    [Fact]
    public void Only_what_needs_a_gradient_gets_one()
    {
        using var scope = NewDisposeScope();
        Tensor q = randn(1, 3, 1, 4), v = randn(1, 3, 1, 4).requires_grad_();
        DenseOperations.CausalAttention(q, q, v).sum().backward();
        Assert.NotNull(v.grad);
        Assert.Null(q.grad);

        using var quiet = no_grad();
        Assert.False(DenseOperations.CausalAttention(q, q, v).requires_grad);
    }

    [Fact]
    public void What_is_no_number_is_passed_on_to_those_who_see_it()
    {
        using var scope = NewDisposeScope();
        Tensor q = ones(1, 40, 1, 4), k = ones(1, 40, 1, 4);
        k[0, 20] = float.NaN;
        Tensor seen = DenseOperations.CausalAttention(q, k, ones(1, 40, 1, 4)).isnan().any(-1).flatten();
        Assert.Equal(20, seen.to(ScalarType.Int64).sum().item<long>());
        Assert.False(seen[19].item<bool>());
    }

    [Fact]
    public void Memory_is_flat_over_many_steps()
    {
        Step();
        long tensors = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        long before = 0;
        for (int i = 0; i < 1000; i++)
        {
            before = i == 200 ? Resident() : before;
            Step();
        }

        Assert.Equal(tensors, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.InRange(Resident() - before, long.MinValue, 24 << 20);

        static void Step()
        {
            using var scope = NewDisposeScope();
            Tensor q = randn(1, 64, 2, 16).requires_grad_();
            DenseOperations.CausalAttention(q, q * 2, q + 1).sum().backward();
        }

        static long Resident()
        {
            GC.Collect();
            using Process process = Process.GetCurrentProcess();
            return process.WorkingSet64;
        }
    }

    private static void Compare(Tensor[] inputs)
    {
        Tensor[] single = [.. inputs.Select(i => i.detach().requires_grad_())];
        Tensor[] exact = [.. inputs.Select(i => i.detach().to(ScalarType.Float64).requires_grad_())];
        Tensor actual = DenseOperations.CausalAttention(single[0], single[1], single[2]), expected = DenseOperations.CausalAttention(exact[0], exact[1], exact[2]);
        Near.AssertClose(actual, expected, Tolerance, "value");
        Tensor slope = randn(actual.shape);
        (actual * slope).sum().backward();
        (expected * slope.to(ScalarType.Float64)).sum().backward();
        for (int i = 0; i < inputs.Length; i++)
        {
            Near.AssertClose(single[i].grad!, exact[i].grad!, Tolerance, $"gradient {i}");
        }
    }
}

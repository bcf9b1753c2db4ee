using Switchyard.Dense;
using static TorchSharp.torch;

namespace Switchyard.Tests.Dense;

public sealed class CrossEntropyTests
{
    private const int T = 13, D = 24, V = 37;

    [Theory]
    [InlineData(ScalarType.Float32, 1 << 22, 1e-5)]
    [InlineData(ScalarType.Float32, V, 1e-5)]
    [InlineData(ScalarType.Float32, 4 * V, 1e-5)]
    [InlineData(ScalarType.Float32, 1, 1e-5)]
    [InlineData(ScalarType.Float64, 3 * V, 1e-6)]
    [InlineData(ScalarType.BFloat16, 3 * V, 2e-2)]
    public void Loss_and_gradients_are_those_of_torch_in_blocks_of_any_size(ScalarType type, long logits, double tolerance)
    {
        using var scope = NewDisposeScope();
        random.manual_seed(1);
        Tensor targets = randint(0, V, T, ScalarType.Int64);
        targets[3].fill_(-100);
        targets[7].fill_(-1);
        Tensor h = randn(T, D, type), w = randn(V, D, type);
        Tensor ourH = h.clone().requires_grad_(), ourW = w.clone().requires_grad_();
        Tensor theirH = h.to(ScalarType.Float64).requires_grad_(), theirW = w.to(ScalarType.Float64).requires_grad_();

        Tensor ours = DenseOperations.CrossEntropy(ourH, ourW, targets, logits);
        (ours * 3).backward();
        Tensor judged = targets.ge(0).nonzero().squeeze(1);
        Tensor theirs = nn.functional.cross_entropy(theirH.matmul(theirW.t()).index_select(0, judged), targets.index_select(0, judged));
        (theirs * 3).backward();

        Near.AssertClose(ours.reshape(1), theirs.reshape(1).to(ScalarType.Float32), tolerance);
        Near.AssertClose(ourH.grad!.to(ScalarType.Float32), theirH.grad!.to(ScalarType.Float32), tolerance);
        Near.AssertClose(ourW.grad!.to(ScalarType.Float32), theirW.grad!.to(ScalarType.Float32), tolerance);
    }

    [Fact]
    public void Without_gradients_the_loss_is_the_same()
    {
        using var scope = NewDisposeScope();
        Tensor targets = randint(0, V, T, ScalarType.Int64), h = randn(T, D), w = randn(V, D);
        Tensor recorded = DenseOperations.CrossEntropy(h.clone().requires_grad_(), w, targets, 5 * V);
        using var quiet = no_grad();
        Assert.Equal(recorded.item<float>(), DenseOperations.CrossEntropy(h, w, targets, 5 * V).item<float>());
    }

    [Fact]
    public void Frozen_weights_get_no_gradient_and_nothing_judged_is_zero()
    {
        using var scope = NewDisposeScope();
        Tensor h = randn(T, D).requires_grad_(), w = randn(V, D);
        Tensor loss = DenseOperations.CrossEntropy(h, w, full(T, -100, ScalarType.Int64));
        loss.backward();
        Assert.Equal(0, loss.item<float>());
        Assert.Equal(0, h.grad!.abs().max().item<float>());
        Assert.Null(w.grad);
    }

    [Fact]
    public void Live_tensors_stay_flat_over_many_steps()
    {
        Tensor h = randn(T, D).requires_grad_(), w = randn(V, D).requires_grad_(), targets = randint(0, V, T, ScalarType.Int64);
        Step();
        long before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 100; i++)
        {
            Step();
        }

        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Step()
        {
            using var scope = NewDisposeScope();
            DenseOperations.CrossEntropy(h, w, targets, 3 * V).backward();
        }
    }
}

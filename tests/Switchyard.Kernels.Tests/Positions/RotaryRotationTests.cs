using Switchyard.Kernels.Positions;

namespace Switchyard.Kernels.Tests.Positions;

public sealed unsafe class RotaryRotationTests
{
    [Fact]
    public void Every_pair_turns_by_the_angle_of_its_position_and_back()
    {
        using KernelEngine engine = Engines.Make(InstructionSet.Portable, 2);
        Random random = new(1);
        for (int size = 2; size <= 50; size += 2)
        {
            int positions = random.Next(1, 9), tokens = positions * random.Next(1, 4), heads = random.Next(1, 5), count = tokens * heads * size;
            using GuardedMemory x = GuardedMemory.Random(random, count), y = new(count), back = new(count), cosines = new(positions * size), sines = new(positions * size);
            double[] angles = [.. Enumerable.Range(0, positions * size).Select(_ => random.NextDouble() * 7)];
            for (int i = 0; i < angles.Length; i++)
            {
                cosines.Pointer[i] = (float)Math.Cos(angles[i]);
                sines.Pointer[i] = (float)Math.Sin(angles[i]);
            }
            var rotation = new RotaryRotation { Tokens = tokens, Heads = heads, HeadSize = size, Positions = positions, Cosines = cosines.Pointer, Sines = sines.Pointer };
            rotation.Run(engine, x.Pointer, y.Pointer);
            rotation.Run(engine, y.Pointer, back.Pointer, back: true);
            for (int i = 0; i < count; i++)
            {
                int place = i % size, low = place % (size / 2), token = i / (size * heads), first = i - place + low;
                double angle = angles[(token % positions * size) + low], a = x.Pointer[first], b = x.Pointer[first + (size / 2)];
                double expected = place == low ? (a * Math.Cos(angle)) - (b * Math.Sin(angle)) : (b * Math.Cos(angle)) + (a * Math.Sin(angle));
                Assert.Equal(expected, y.Pointer[i], 1e-6);
                Assert.Equal(x.Pointer[i], back.Pointer[i], 1e-6);
            }
        }
    }

    [Fact]
    public void An_odd_head_is_refused()
    {
        using KernelEngine engine = Engines.Make(InstructionSet.Portable);
        using GuardedMemory x = new(3);
        var rotation = new RotaryRotation { Tokens = 1, Heads = 1, HeadSize = 3, Positions = 1, Cosines = x.Pointer, Sines = x.Pointer };
        Assert.Throws<InvalidOperationException>(() => rotation.Run(engine, x.Pointer, x.Pointer));
    }
}

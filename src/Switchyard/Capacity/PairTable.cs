namespace Switchyard.Capacity;

/// <summary>The (token, slot) pairs of an assignment in memory, while a policy makes them fit.</summary>
internal sealed class PairTable(long[] experts, int slots, int expertCount, long capacity)
{
    /// <summary>The expert of pair t·k + slot, −1 for none; changed in place.</summary>
    public long[] Experts { get; } = experts;

    public int Slots { get; } = slots;

    public int Tokens => Experts.Length / Slots;

    public int ExpertCount { get; } = expertCount;

    public long Capacity { get; } = capacity;

    public long Dropped { get; private set; }

    public void Drop(int pair)
    {
        Experts[pair] = -1;
        Dropped++;
    }

    /// <summary>Goes through the pairs slot by slot, and in a slot token by token, and hands those that find their expert full to <paramref name="overflow"/>. Pairs kept by each expert.</summary>
    public int[] ServeByPosition(Action<int> overflow)
    {
        int[] taken = new int[ExpertCount];
        for (int slot = 0; slot < Slots; slot++)
        {
            for (int pair = slot; pair < Experts.Length; pair += Slots)
            {
                long expert = Experts[pair];
                if (expert < 0)
                {
                    continue;
                }

                if (taken[expert] < Capacity)
                {
                    taken[expert]++;
                }
                else
                {
                    overflow(pair);
                }
            }
        }

        return taken;
    }
}

using IlZo.Ptx.Instructions;

namespace IlZo.Ptx;

/// <summary>
/// Where lanes that part at a branch meet: the branch's immediate post-dominator, the first place that every way from there to the end
/// leads over.
/// </summary>
internal static class MeetingPlaces
{
    /// <summary>Finds them.</summary>
    /// <param name="code">The instructions. Their number stands for the end.</param>
    /// <returns>For each place the next one that all ways lead over.</returns>
    public static int[] Find(IReadOnlyList<LinkedInstruction> code)
    {
        // In the reverse of a search from the end, so that a place comes after the places that it leads to where it can.
        int end = code.Count;
        var sources = new List<int>[end + 1];
        for (int place = 0; place <= end; place++)
        {
            sources[place] = [];
        }

        for (int place = 0; place < end; place++)
        {
            var (first, second) = Successors(code[place], place, end);
            sources[first].Add(place);
            if (second != first)
            {
                sources[second].Add(place);
            }
        }

        int[] order = Order(sources, end);
        int[] rank = new int[end + 1];
        Array.Fill(rank, int.MaxValue);
        for (int i = 0; i < order.Length; i++)
        {
            rank[order[i]] = i;
        }

        int[] meeting = new int[end + 1];
        Array.Fill(meeting, -1);
        meeting[end] = end;
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (int place in order.AsSpan(1))
            {
                var (first, second) = Successors(code[place], place, end);
                int found = meeting[first] < 0 ? second : meeting[second] < 0 ? first : Common(first, second, meeting, rank);
                changed |= meeting[place] != found;
                meeting[place] = found;
            }
        }

        // From an endless loop no way leads to the end.
        return [.. meeting.Select(m => m < 0 ? end : m)];
    }

    private static (int First, int Second) Successors(LinkedInstruction instruction, int place, int end)
    {
        int target = instruction.Step switch
        {
            BranchStep branch => branch.Target,
            ExitStep => end,
            _ => place + 1,
        };
        return (target, instruction.Guard < 0 ? target : place + 1);
    }

    // Places from which the end can be reached, each after at least one that it leads to: the reverse post-order of the reversed graph.
    private static int[] Order(List<int>[] sources, int end)
    {
        var order = new List<int>();
        bool[] seen = new bool[sources.Length];
        var stack = new Stack<(int Place, int Next)>();
        stack.Push((end, 0));
        seen[end] = true;
        while (stack.TryPop(out var top))
        {
            if (top.Next == sources[top.Place].Count)
            {
                order.Add(top.Place);
                continue;
            }

            stack.Push((top.Place, top.Next + 1));
            int source = sources[top.Place][top.Next];
            if (!seen[source])
            {
                seen[source] = true;
                stack.Push((source, 0));
            }
        }

        order.Reverse();
        return [.. order];
    }

    private static int Common(int a, int b, int[] meeting, int[] rank)
    {
        while (a != b)
        {
            while (rank[a] > rank[b])
            {
                a = meeting[a];
            }

            while (rank[b] > rank[a])
            {
                b = meeting[b];
            }
        }

        return a;
    }
}

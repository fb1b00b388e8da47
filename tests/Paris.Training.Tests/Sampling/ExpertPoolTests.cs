using Paris.Core;
using Paris.Models;
using Paris.Models.Tests;
using Paris.Training.Sampling;
using TorchSharp;
using Xunit;

namespace Paris.Training.Tests.Sampling;

public sealed class ExpertPoolTests
{
    private static readonly DiTShape _small = new(1, 4, 8, 1, 2);
    private static readonly DiTShape _large = new(1, 4, 16, 2, 2);

    private readonly List<int> _read = [];

    [Fact]
    public void TheOneUnusedForLongestMakesRoomAndItsModelIsFilledAnew()
    {
        using var pool = Pool(most: 2, 0, _small, _small, _small);
        var first = pool.Get(0);
        var second = pool.Get(1);
        Assert.Same(first, pool.Get(0));
        Assert.Same(second, pool.Get(2)); // in the place of 1
        Assert.Equal([0, 2], pool.Resident);
        Assert.Equal([0, 1, 2], _read);
        Assert.Equal(2f, Value(pool.Get(2)));
        Assert.Equal(0f, Value(pool.Get(0)));
        Assert.Equal(3, pool.Reads);
    }

    [Fact]
    public void AStepAsksForThoseInMemoryFirst()
    {
        using var pool = Pool(most: 2, 0, _small, _small, _small, _small);
        for (var step = 0; step < 3; step++)
        {
            foreach (var k in pool.Order([0, 1, 2, 3]))
            {
                pool.Get(k);
            }
        }

        // Plain least-recently-used would read all four in every step.
        Assert.Equal(4 + 2 + 2, pool.Reads);
    }

    [Fact]
    public void MemoryBoundsExpertsOfSeveralSizes()
    {
        Assert.True(Bytes(_large) > 2 * Bytes(_small));
        using var pool = Pool(most: 0, Bytes(_large) + Bytes(_small), _small, _small, _large, _small);
        pool.Get(0);
        pool.Get(1);
        Assert.Equal([0, 1], pool.Resident);
        pool.Get(2); // one small one has to go
        Assert.Equal([1, 2], pool.Resident);
        pool.Get(3);
        Assert.Equal([2, 3], pool.Resident);

        // One that does not fit at all is held alone.
        using var tight = Pool(most: 0, 1, _small, _large);
        tight.Get(0);
        tight.Get(1);
        Assert.Equal([1], tight.Resident);
    }

    [Fact]
    public void WhatCannotBeReadIsNotKept()
    {
        var before = LiveTensors.Count;
        using (var pool = new ExpertPool(k => new PooledExpert(_small, _ => throw new ParisInputException($"expert {k} is damaged")), 1, 0))
        {
            Assert.Throws<ParisInputException>(() => pool.Get(0));
            Assert.Empty(pool.Resident);
        }

        LiveTensors.AreAsManyAs(before);
    }

    private static long Bytes(DiTShape shape) => new PooledExpert(shape, _ => { }).Bytes;

    private static float Value(DiTExpert model) => model.state_dict()["t_block.1.bias"].data<float>()[0];

    private ExpertPool Pool(int most, long bytes, params DiTShape[] shapes) => new(
        k => new PooledExpert(shapes[k], model =>
        {
            _read.Add(k);
            using var guard = torch.no_grad();
            model.state_dict()["t_block.1.bias"].fill_((float)k);
        }),
        most,
        bytes);
}

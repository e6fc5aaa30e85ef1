"""CatBoost: a small classifier with a category."""

from catboost import CatBoostClassifier, Pool

from dagfloe import Bundle

bundle = Bundle()
dag = bundle.dag("catboost")


@dag.task
def work() -> list:
    rows = [[index % 7, "even" if index % 2 == 0 else "odd"] for index in range(60)]
    labels = [index % 2 for index in range(60)]
    pool = Pool(rows, labels, cat_features=[1])
    model = CatBoostClassifier(
        iterations=10, depth=2, verbose=False, random_seed=0, allow_writing_files=False, thread_count=2
    )
    model.fit(pool)
    return [model.tree_count_, [int(value) for value in model.predict(rows[:4])]]
